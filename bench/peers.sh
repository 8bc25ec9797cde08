#!/bin/sh
# Times the CPU engine beside ONNX Runtime, OpenVINO and PyTorch on both full geometries with random weights.
#   bench/peers.sh [BUILD_DIR] [OPTIONS OF peers.py]
# Everything is made in a throw-away directory: a Python environment with the peers (2 GB), the models (1.3 GB) and
# their ONNX files (3 GB). QUANTIER_PEERS_PYTHON names an interpreter that has the packages already.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$here/build/release}
[ $# -gt 0 ] && shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${QUANTIER_PEERS_PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$work/venv"
  python=$work/venv/bin/python
  "$python" -m pip -q install torch transformers onnx onnxscript onnxruntime openvino nncf
fi
for geometry in modernbert-base qwen2.5-0.5b; do
  echo "== $geometry"
  # Writes the random model, and says what the engine does alone.
  TMPDIR=$work "$build/bench/bench_engine" --geometry "$geometry" --rounds 1 --batches 8
  "$python" "$here/bench/peers.py" "$build/bench/bench_engine" "$work/quantier-bench-$geometry" --work "$work/$geometry" "$@"
done
