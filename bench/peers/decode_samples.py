"""Decodes recordings to 16 kHz mono float32, for peers that do not decode themselves.

usage: decode_samples.py FOLDER FILE ...
"""

import pathlib
import sys

from faster_whisper.audio import decode_audio

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for file in map(pathlib.Path, sys.argv[2:]):
    decode_audio(str(file), sampling_rate=16000).astype("<f4").tofile(folder / f"{file.name}.f32")
