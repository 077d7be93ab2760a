"""Makes the ONNX export of a GGUF file that transformers.js runs in bench/decoder-lm.ts.

    python bench/peers/export_language_model.py model.gguf FOLDER

The weights are read out of the GGUF file as floats by transformers, and exported by the builder of onnxruntime-genai, with
which those of Gemma 3 on the hub are made: fused attention with rotated keys in the cache, 4 bits in layers and 8 bits in
the head and every layer that its method "k_quant_mixed" holds for important. Needs torch, transformers 4.57, accelerate,
gguf, onnx and onnxruntime-genai 0.11.4.
"""
import json
import pathlib
import sys
import tempfile

import onnx
import torch
from onnxruntime_genai.models.builder import create_model
from transformers import AutoModelForCausalLM, AutoTokenizer

source, target = map(pathlib.Path, sys.argv[1:])
with tempfile.TemporaryDirectory() as scratch:
    floats, built = pathlib.Path(scratch, 'floats'), pathlib.Path(scratch, 'built')
    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    model.save_pretrained(floats)
    AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(floats)
    create_model(
        model_name=None, input_path=str(floats), output_dir=str(built), precision='int4', execution_provider='cpu',
        cache_dir=str(pathlib.Path(scratch, 'cache')), int4_algo_config='k_quant_mixed',
    )
    # As transformers.js looks for it.
    (target / 'onnx').mkdir(parents=True)
    onnx.save_model(
        onnx.load(built / 'model.onnx'), target / 'onnx' / 'model_q4.onnx',
        save_as_external_data=True, location='model_q4.onnx_data', size_threshold=1024,
    )
    config = json.loads((floats / 'config.json').read_text())
    config['transformers.js_config'] = {'use_external_data_format': {'model_q4.onnx': 1}}
    (target / 'config.json').write_text(json.dumps(config))
    (target / 'generation_config.json').write_text((floats / 'generation_config.json').read_text())
