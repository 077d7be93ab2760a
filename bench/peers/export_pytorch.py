"""Makes a folder that programs built on PyTorch read (safetensors, names of Hugging Face) from a CTranslate2 Whisper model.

usage: export_pytorch.py PROTOTYPE CTRANSLATE2 OUTPUT

PROTOTYPE is ../shared/models/prototype, whose reader is run in place. `alignment_heads.txt` names the heads in the
way OpenAI's own program writes them: a mask of layers by heads, compressed, in base 85.
"""

import base64
import gzip
import json
import pathlib
import sys

import numpy
from safetensors.numpy import save_file

prototype, source, output = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
sys.path.insert(0, str(prototype))

import ct2_read  # noqa: E402
import ct2_weights  # noqa: E402

_, stored = ct2_read.read(source / "model.bin")
given = json.loads((source / "config.json").read_text())
tokenizer = json.loads((source / "tokenizer.json").read_text())
added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
config = ct2_weights.make_config(stored, added)
weights = ct2_weights.convert_weights(stored)
mask = numpy.zeros((config["decoder_layers"], config["decoder_attention_heads"]), dtype=bool)
for layer, head in given["alignment_heads"]:
    mask[layer, head] = True

# CTranslate2 stores a bias of zeros for keys, which PyTorch's Whisper does not have.
kept = {name: numpy.ascontiguousarray(weight) for name, weight in weights.items() if not name.endswith("k_proj.bias")}

output.mkdir(parents=True)
save_file(kept, output / "model.safetensors")
(output / "config.json").write_text(json.dumps(config, indent=1) + "\n")
(output / "alignment_heads.txt").write_bytes(base64.b85encode(gzip.compress(mask.tobytes())))
