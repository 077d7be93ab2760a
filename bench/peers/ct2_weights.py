"""A CTranslate2 Whisper model with the names and the configuration that Hugging Face gives to its parts."""

import re

import numpy


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


def make_config(stored: dict, added: dict) -> dict:
    """`added` are the tokenizer's special tokens: content to id."""
    heads = int(stored["encoder/num_heads"])
    end, start = added["<|endoftext|>"], added["<|startoftranscript|>"]
    return {
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
