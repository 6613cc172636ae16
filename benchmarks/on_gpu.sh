#!/usr/bin/env bash
# What only a GPU shows, within 8 minutes and without any file from elsewhere: the tests that are marked for one, and
# YOLOv5n and DeepLabV3 pruned to half, trained for a few steps and timed. `PYTHON` names the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python}
timeout 240 "$PYTHON" -m pytest -q -m gpu tests
timeout 240 "$PYTHON" benchmarks/accelerator.py --device GPU
