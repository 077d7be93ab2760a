"""Makes the folder transformers.js reads (the onnx-community layout, 8 bits) from a CTranslate2 Whisper model.

usage: export_transformers_js.py PROTOTYPE CTRANSLATE2 OUTPUT

PROTOTYPE is ../shared/models/prototype, whose reader and graph builder are run in place. The names of the
weights are those of Hugging Face; the graphs are what `encoder_model_quantized` and
`decoder_model_merged_quantized` of onnx-community hold: 8-bit weights, activations quantised on the way.
"""

import json
import pathlib
import shutil
import sys

prototype, source, output = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
sys.path.insert(0, str(prototype))

import build_onnx  # noqa: E402
import ct2_read  # noqa: E402
import ct2_weights  # noqa: E402


def write_json(name: str, value: dict) -> None:
    (output / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


_, stored = ct2_read.read(source / "model.bin")
given = json.loads((source / "config.json").read_text())
tokenizer = json.loads((source / "tokenizer.json").read_text())
added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
content_of = {number: content for content, number in added.items()}
end = added["<|endoftext|>"]
config = ct2_weights.make_config(stored, added)
generation = {
    "alignment_heads": given["alignment_heads"],
    "suppress_tokens": given["suppress_ids"],
    "begin_suppress_tokens": given["suppress_ids_begin"],
    "bos_token_id": end,
    "eos_token_id": end,
    "pad_token_id": end,
    "decoder_start_token_id": config["decoder_start_token_id"],
    "is_multilingual": True,
    "lang_to_id": {content_of[number]: number for number in given["lang_ids"]},
    "task_to_id": {"transcribe": added["<|transcribe|>"], "translate": added["<|translate|>"]},
    "no_timestamps_token_id": added["<|notimestamps|>"],
    "prev_sot_token_id": added["<|startofprev|>"],
    "max_initial_timestamp_index": 50,
    "max_length": 448,
    "return_timestamps": False,
}
graphs = output / "onnx"
graphs.mkdir(parents=True, exist_ok=True)
weights = ct2_weights.convert_weights(stored)
build_onnx.encoder(config, weights, "int8", graphs / "encoder_model_quantized.onnx", False)
build_onnx.merged(config, weights, "int8", graphs / "decoder_model_merged_quantized.onnx")
write_json("config.json", config)
write_json("generation_config.json", generation)
write_json(
    "preprocessor_config.json",
    {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": config["num_mel_bins"],
        "sampling_rate": 16000,
        "chunk_length": 30,
        "hop_length": 160,
        "n_fft": 400,
        "n_samples": 480000,
        "nb_max_frames": 3000,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    },
)
write_json(
    "tokenizer_config.json",
    {
        "tokenizer_class": "WhisperTokenizer",
        "processor_class": "WhisperProcessor",
        "bos_token": "<|endoftext|>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "model_max_length": 1024,
        "clean_up_tokenization_spaces": True,
    },
)
shutil.copy(source / "tokenizer.json", output / "tokenizer.json")
