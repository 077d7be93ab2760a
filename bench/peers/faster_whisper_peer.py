"""Transcribes files with faster-whisper, as its documentation shows, and prints one JSON object a line.

usage: faster_whisper_peer.py --model FOLDER [options] FILE ...
"""

import argparse
import json


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, help="folder with a CTranslate2 model")
    parser.add_argument("--compute-type", default="int8")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batched", action="store_true", help="BatchedInferencePipeline instead of one segment after another")
    parser.add_argument("--task", choices=["transcribe", "translate"], default="transcribe")
    parser.add_argument("--language", help="spoken in all files; detected when left out")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    # Here and not above: importing it is part of what a user waits for, but not of --help.
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = WhisperModel(options.model, device="cpu", compute_type=options.compute_type, cpu_threads=options.threads)
    recogniser = BatchedInferencePipeline(model) if options.batched else model
    report({"type": "model-loaded"})
    for file in options.files:
        segments, information = recogniser.transcribe(file, task=options.task, language=options.language, beam_size=1)
        report({"type": "language-detected", "file": file, "language": information.language})
        for segment in segments:
            report({"type": "text", "file": file, "text": segment.text})


def report(event: dict) -> None:
    print(json.dumps(event, ensure_ascii=False), flush=True)


main()
