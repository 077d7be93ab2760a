#!/usr/bin/env bash
# Makes a virtual environment with the reference implementation of the models under test: 5.6 GB, because the package
# index has PyTorch for graphics cards only. Done once; whoever comes meanwhile waits. For .ci/run, which begins it while
# the program is built, and for test/helpers/transformers.ts.
#
#     test/helpers/install-transformers.sh FOLDER
set -euo pipefail
folder="$1"
mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
if command -v flock >/dev/null; then flock 9; fi
if [ -e "$folder/ready" ]; then exit 0; fi
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir \
	torch==2.15.0 transformers==4.57.6 sentencepiece==0.2.3 gguf==0.19.0 protobuf==7.36.2
touch "$folder/ready"
