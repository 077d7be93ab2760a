"""Writes test/fixtures/decoder-lm/random-models.json: what transformers makes of small language models.

The weights are noise that test/helpers/random-language-model.ts makes as well, so only results are kept. Seeds that are
known are kept too, unless the file is deleted first. A test makes it again in another folder
(test/integration/reference-answers.test.ts).

Needs torch, transformers 4.57, numpy and gguf:  python test/helpers/make-lm-goldens.py [FOLDER]
"""
import base64
import json
import pathlib
import sys

import gguf
import numpy as np
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache

KEPT_FILE = pathlib.Path(__file__).parent.parent / 'fixtures' / 'decoder-lm' / 'random-models.json'
FOLDER = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else KEPT_FILE.parent
STEPS = 200
KEPT, WINDOW, DROPPED = 6, 64, 24


class Random:
    """mulberry32, as src/core/util/random.ts."""

    def __init__(self, seed):
        self.state = np.uint32(seed)

    def take(self, count):
        with np.errstate(over='ignore'):
            steps = np.arange(1, count + 1, dtype=np.uint32)
            state = self.state + steps * np.uint32(0x6D2B79F5)
            self.state = state[-1]
            mixed = (state ^ (state >> np.uint32(15))) * (state | np.uint32(1))
            mixed ^= mixed + (mixed ^ (mixed >> np.uint32(7))) * (mixed | np.uint32(61))
            return (mixed ^ (mixed >> np.uint32(14))) / 4294967296


def fill(model, seed):
    """Every parameter in the order of its name."""
    random = Random(seed)
    parameters = dict(model.named_parameters())
    for name in sorted(parameters):
        parameter = parameters[name]
        noise = random.take(parameter.numel()) * 2 - 1
        # A head that is the embedding must not outweigh the layers, or the last token would be said again for ever.
        tied = model.config.tie_word_embeddings
        if name == 'model.norm.weight' and tied:
            values = noise + (9 if 'gemma' in model.config.model_type else 10)
        elif name.endswith('norm.weight') or name.endswith('layernorm.weight'):
            values = noise * 0.3 + (0 if 'gemma' in model.config.model_type else 1)
        elif name.endswith('.bias'):
            values = noise * 0.5
        elif 'embed_tokens' in name or 'lm_head' in name:
            values = noise * (0.1 if tied else 1)
        else:
            values = noise * 1.7 / np.sqrt(parameter.shape[-1])
        with torch.no_grad():
            parameter.copy_(torch.tensor(values.astype(np.float32)).view(parameter.shape))


def make_model(config, seed):
    config = dict(config)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config), attn_implementation='eager')
    model = model.float().eval()
    fill(model, seed)
    return model


def rotate_back(model, cache, kept, dropped):
    """Takes tokens out of a cache; the keys behind them, which hold their positions, are turned back to the new ones."""
    rotary = model.model.rotary_emb
    local = getattr(model.model, 'rotary_emb_local', rotary)
    types = getattr(model.config, 'layer_types', None)
    for index, layer in enumerate(cache.layers):
        is_local = model.config.model_type == 'gemma3_text' and types[index] == 'sliding_attention'
        angles = -dropped * (local if is_local else rotary).inv_freq
        cosines, sines = torch.cat([angles, angles]).cos(), torch.cat([angles, angles]).sin()
        moved = layer.keys[:, :, kept + dropped :]
        half = moved.shape[-1] // 2
        turned = torch.cat([-moved[..., half:], moved[..., :half]], dim=-1)
        layer.keys = torch.cat([layer.keys[:, :, :kept], moved * cosines + turned * sines], dim=2)
        layer.values = torch.cat([layer.values[:, :, :kept], layer.values[:, :, kept + dropped :]], dim=2)


def run(model, prompt, slides):
    """Greedy tokens, the smallest lead of a best token, and logits at the start and the end."""
    # Without a configuration every layer keeps all of its keys, those behind its window too.
    cache = DynamicCache()
    tokens, lead = [], float('inf')
    feed = prompt
    first = None
    with torch.no_grad():
        for _ in range(STEPS + 1):
            if slides and cache.get_seq_length() + len(feed) > WINDOW:
                rotate_back(model, cache, KEPT, DROPPED)
            place = torch.arange(cache.get_seq_length(), cache.get_seq_length() + len(feed))
            logits = model(
                input_ids=torch.tensor([feed]), past_key_values=cache, cache_position=place, position_ids=place[None], use_cache=True
            ).logits[0, -1]
            if first is None:
                first = logits.clone()
            best = torch.topk(logits, 2).values
            lead = min(lead, (best[0] - best[1]).item())
            feed = [int(torch.argmax(logits))]
            tokens += feed
    return tokens[:STEPS], lead, first, logits


SMALL = dict(
    hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
    vocab_size=320, max_position_embeddings=512, bos_token_id=0, eos_token_id=1, pad_token_id=2,
)
MODELS = {
    'llama': dict(
        model_type='llama', **SMALL, tie_word_embeddings=False, rms_norm_eps=1e-5, rope_theta=10000.0,
        rope_scaling=dict(rope_type='llama3', factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64),
    ),
    'llama-linear': dict(
        model_type='llama', **{**SMALL, 'num_key_value_heads': 4}, tie_word_embeddings=True, rope_scaling=dict(rope_type='linear', factor=2.0),
    ),
    'qwen2': dict(
        model_type='qwen2', **{**SMALL, 'num_key_value_heads': 1}, tie_word_embeddings=False, rope_theta=1000000.0,
        use_sliding_window=True, sliding_window=20, max_window_layers=1,
    ),
    'qwen3': dict(model_type='qwen3', **SMALL, head_dim=32, tie_word_embeddings=True, rope_theta=1000000.0),
    'gemma3': dict(
        model_type='gemma3_text', **{**SMALL, 'num_hidden_layers': 4, 'num_key_value_heads': 1}, head_dim=32, sliding_window=16,
        layer_types=['sliding_attention', 'full_attention'] * 2, query_pre_attn_scalar=24, final_logit_softcapping=30.0,
        rope_theta=1000000.0, rope_local_base_freq=10000.0, rope_scaling=dict(rope_type='linear', factor=4.0), tie_word_embeddings=True,
    ),
}


def pack(values):
    return base64.b64encode(np.asarray(values, dtype='<f4').tobytes()).decode()


def make_models():
    results = {}
    known = json.loads(KEPT_FILE.read_text())['models'] if KEPT_FILE.exists() else {}
    for name, config in MODELS.items():
        for seed in [known[name]['seed']] if name in known else range(1, 100):
            model = make_model(config, seed)
            prompt = [int(value * 300) + 10 for value in Random(1000 + seed).take(20)]
            tokens, lead, first, _ = run(model, prompt, False)
            slid, slid_lead, _, last = run(model, prompt, True)
            variety = len(set(tokens[100:])) + len(set(slid[100:]))
            print(name, seed, lead, slid_lead, variety, flush=True)
            # Rounding must not decide, and what repeats itself shows little.
            if min(lead, slid_lead) > 2e-4 and variety > 15:
                break
        results[name] = dict(
            config=config, seed=seed, prompt=prompt, tokens=tokens, slidTokens=slid, firstLogits=pack(first), lastSlidLogits=pack(last),
        )
    return results


def make_blocks():
    """Two blocks of every quantised type, bytes of noise with sensible scales, and what gguf makes of them."""
    results = {}
    for name, halves in dict(Q4_0=[0], Q4_1=[0, 2], Q5_0=[0], Q5_1=[0, 2], Q8_0=[0], Q4_K=[0, 2], Q5_K=[0, 2], Q6_K=[208]).items():
        kind = gguf.GGMLQuantizationType[name]
        size = gguf.GGML_QUANT_SIZES[kind][1]
        data = (Random(7).take(2 * size) * 256).astype(np.uint8).reshape(2, size)
        for block in range(2):
            for place in halves:
                data[block, place : place + 2] = np.array([0.01 * (block + 1) + 0.001 * place], dtype='<f2').view(np.uint8)
        results[name] = dict(bytes=base64.b64encode(data.tobytes()).decode(), weights=pack(gguf.quants.dequantize(data, kind).ravel()))
    return results


if __name__ == '__main__':
    torch.set_num_threads(1)
    result = dict(
        versions=dict(transformers=transformers.__version__, torch=torch.__version__),
        window=dict(kept=KEPT, tokens=WINDOW, dropped=DROPPED),
        blocks=make_blocks(),
        models=make_models(),
    )
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / 'random-models.json').write_text(json.dumps(result) + '\n')
