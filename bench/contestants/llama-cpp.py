"""Runs llama.cpp for bench/decoder-lm.ts: one request a line, {"tokens": [...], "steps": n}; one answer a line."""
import json
import sys
import time

import llama_cpp
import numpy as np

model = llama_cpp.Llama(sys.argv[1], n_ctx=4608, n_threads=int(sys.argv[2]), n_threads_batch=int(sys.argv[2]), verbose=False)
print(json.dumps({'version': llama_cpp.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    model.reset()
    model._ctx.kv_cache_clear()

    def step(tokens):
        model.eval(tokens)
        return int(np.argmax(np.ctypeslib.as_array(model._ctx.get_logits_ith(-1), shape=(model.n_vocab(),))))

    start = time.perf_counter()
    token = step(request['tokens'])
    read = time.perf_counter() - start
    times, answer = [], []
    for _ in range(request['steps']):
        answer.append(token)
        start = time.perf_counter()
        token = step([token])
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps({'readMs': read * 1000, 'stepMs': times, 'answer': answer}), flush=True)
