"""Makes the folder transformers.js reads (the onnx-community layout, 8 bits) from a CTranslate2 Whisper model.

usage: export_transformers_js.py PROTOTYPE CTRANSLATE2 OUTPUT

PROTOTYPE is ../shared/models/prototype, whose reader and graph builder are run in place. The names of the
weights are those of Hugging Face; the graphs are what `encoder_model_quantized` and
`decoder_model_merged_quantized` of onnx-community hold: 8-bit weights, activations quantised on the way.
"""

import json
import pathlib
import re
import shutil
import sys

import numpy

prototype, source, output = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
sys.path.insert(0, str(prototype))

import build_onnx  # noqa: E402
import ct2_read  # noqa: E402


def convert_weights(stored: dict) -> dict:
    weights = {}

    def copy(name: str, origin: str) -> None:
        for ours, theirs in (("weight", ("weight", "gamma")), ("bias", ("bias", "beta"))):
            found = next(key for key in theirs if f"{origin}/{key}" in stored)
            weights[f"{name}.{ours}"] = stored[f"{origin}/{found}"].astype(numpy.float32)

    def copy_fused(name: str, origin: str, parts: list) -> None:
        for kind in ("weight", "bias"):
            pieces = numpy.split(stored[f"{origin}/{kind}"].astype(numpy.float32), len(parts))
            for part, piece in zip(parts, pieces):
                weights[f"{name}.{part}.{kind}"] = piece

    def copy_layer(name: str, origin: str, has_cross_attention: bool) -> None:
        copy_fused(f"{name}.self_attn", f"{origin}/self_attention/linear_0", ["q_proj", "k_proj", "v_proj"])
        copy(f"{name}.self_attn.out_proj", f"{origin}/self_attention/linear_1")
        copy(f"{name}.self_attn_layer_norm", f"{origin}/self_attention/layer_norm")
        if has_cross_attention:
            copy(f"{name}.encoder_attn.q_proj", f"{origin}/attention/linear_0")
            copy_fused(f"{name}.encoder_attn", f"{origin}/attention/linear_1", ["k_proj", "v_proj"])
            copy(f"{name}.encoder_attn.out_proj", f"{origin}/attention/linear_2")
            copy(f"{name}.encoder_attn_layer_norm", f"{origin}/attention/layer_norm")
        copy(f"{name}.fc1", f"{origin}/ffn/linear_0")
        copy(f"{name}.fc2", f"{origin}/ffn/linear_1")
        copy(f"{name}.final_layer_norm", f"{origin}/ffn/layer_norm")

    for room in ("encoder", "decoder"):
        for layer in range(count_layers(stored, room)):
            copy_layer(f"model.{room}.layers.{layer}", f"{room}/layer_{layer}", room == "decoder")
        copy(f"model.{room}.layer_norm", f"{room}/layer_norm")
        positions = stored[f"{room}/position_encodings/encodings"].astype(numpy.float32)
        weights[f"model.{room}.embed_positions.weight"] = positions
    for convolution in ("conv1", "conv2"):
        copy(f"model.encoder.{convolution}", f"encoder/{convolution}")
    weights["model.decoder.embed_tokens.weight"] = stored["decoder/embeddings/weight"].astype(numpy.float32)
    return weights


def count_layers(stored: dict, room: str) -> int:
    return len({found[1] for name in stored if (found := re.match(rf"{room}/layer_(\d+)/", name))})


def write_json(name: str, value: dict) -> None:
    (output / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


_, stored = ct2_read.read(source / "model.bin")
given = json.loads((source / "config.json").read_text())
tokenizer = json.loads((source / "tokenizer.json").read_text())
added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
content_of = {number: content for content, number in added.items()}
heads = int(stored["encoder/num_heads"])
end, start = added["<|endoftext|>"], added["<|startoftranscript|>"]
config = {
    "model_type": "whisper",
    "architectures": ["WhisperForConditionalGeneration"],
    "is_encoder_decoder": True,
    "vocab_size": stored["decoder/embeddings/weight"].shape[0],
    "num_mel_bins": stored["encoder/conv1/weight"].shape[1],
    "d_model": stored["encoder/layer_norm/gamma"].shape[0],
    "encoder_layers": count_layers(stored, "encoder"),
    "decoder_layers": count_layers(stored, "decoder"),
    "encoder_attention_heads": heads,
    "decoder_attention_heads": heads,
    "encoder_ffn_dim": stored["encoder/layer_0/ffn/linear_0/weight"].shape[0],
    "decoder_ffn_dim": stored["decoder/layer_0/ffn/linear_0/weight"].shape[0],
    "max_source_positions": 1500,
    "max_target_positions": 448,
    "bos_token_id": end,
    "eos_token_id": end,
    "pad_token_id": end,
    "decoder_start_token_id": start,
}
generation = {
    "alignment_heads": given["alignment_heads"],
    "suppress_tokens": given["suppress_ids"],
    "begin_suppress_tokens": given["suppress_ids_begin"],
    "bos_token_id": end,
    "eos_token_id": end,
    "pad_token_id": end,
    "decoder_start_token_id": start,
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
weights = convert_weights(stored)
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
