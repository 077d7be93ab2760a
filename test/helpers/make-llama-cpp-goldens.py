"""Writes test/fixtures/decoder-lm/gemma-greedy.json: what llama.cpp makes of Gemma 3 270M.

Needs llama-cpp-python:  python test/helpers/make-llama-cpp-goldens.py gemma-3-270m-q4_k_m.gguf
"""
import json
import pathlib
import sys

import llama_cpp
import numpy as np

STEPS = 32
SENTENCES = [
    'Good morning, ladies and gentlemen.',
    'The weather is nice today and we go for a walk in the park.',
    'I would like to thank you for the invitation.',
    'Our company sold more cars this year than ever before.',
]
PAIRS = {
    'German': ('How are you?', 'Wie geht es dir?', 'Where is the station?', 'Wo ist der Bahnhof?'),
    'Spanish': ('How are you?', '¿Cómo estás?', 'Where is the station?', '¿Dónde está la estación?'),
    'Italian': ('How are you?', 'Come stai?', 'Where is the station?', "Dov'è la stazione?"),
    'Chinese': ('How are you?', '你好吗？', 'Where is the station?', '车站在哪里？'),
}
PROMPTS = [
    f'English: {a}\n{language}: {b}\n\nEnglish: {c}\n{language}: {d}\n\nEnglish: {sentence}\n{language}:'
    for language, (a, b, c, d) in PAIRS.items()
    for sentence in SENTENCES
] + [
    'Once upon a time, in a small village by the sea,',
    'def fibonacci(n):\n    """Returns the n-th number."""\n',
    '| Länder | Hauptstädte |\n|---|---|\n| Österreich | Wien |\n| Türkiye 🇹🇷 |',
    '  Three   spaces,\ttabs\r\n\r\n\r\nand emoji 👩‍👩‍👧‍👦 <b>bold</b> <end_of_turn> naïve café: 東京は',
]

def plain_params(default=llama_cpp.llama_cpp.llama_model_default_params):
    """Weights as they lie in the file: repacked ones, and those for AMX, depend on the machine."""
    params = default()
    params.use_extra_bufts = False
    return params


if __name__ == '__main__':
    llama_cpp.llama_cpp.llama_model_default_params = plain_params
    model = llama_cpp.Llama(sys.argv[1], n_ctx=512, n_threads=1, type_k=0, type_v=0, flash_attn=False, verbose=False)
    results = []
    for prompt in PROMPTS:
        tokens = model.tokenize(prompt.encode(), add_bos=True, special=False)
        model.reset()
        model._ctx.kv_cache_clear()
        feed, answer, tops = tokens, [], []
        for _ in range(STEPS):
            model.eval(feed)
            logits = np.ctypeslib.as_array(model._ctx.get_logits_ith(-1), shape=(model.n_vocab(),))
            best = np.argsort(-logits)[:4]
            tops.append([[int(id), round(float(logits[id]), 4)] for id in best])
            feed = [int(best[0])]
            answer += feed
        results.append(dict(prompt=prompt, tokens=tokens, answer=answer, text=model.detokenize(answer).decode(errors='replace'), tops=tops))
        print(repr(results[-1]['text']), flush=True)
    path = pathlib.Path(__file__).parent.parent / 'fixtures' / 'decoder-lm' / 'gemma-greedy.json'
    path.write_text(json.dumps(dict(versions={'llama-cpp-python': llama_cpp.__version__}, prompts=results), ensure_ascii=False) + '\n')
