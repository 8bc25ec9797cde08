#!/bin/sh
# Times the CPU engine beside ONNX Runtime, OpenVINO and PyTorch on both full geometries with random weights, and for the
# decoder's beside llama.cpp and CTranslate2.
#   bench/peers.sh [BUILD_DIR] [OPTIONS OF peers.py]
# Everything is made in a throw-away directory: a Python environment with the peers (2 GB; llama.cpp is compiled for this
# processor, which takes a while), the models (1.3 GB) and the peers' files (6 GB). QUANTIER_PEERS_PYTHON names an
# interpreter that has the packages already, QUANTIER_PEERS_GEOMETRIES one of the two geometries.
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
  "$python" -m pip -q install torch transformers onnx onnxscript onnxruntime openvino nncf gguf ctranslate2
  # Peers without it are still worth having where there is no compiler: peers.py then says that llama.cpp does not run.
  CMAKE_ARGS='-DLLAVA_BUILD=OFF -DGGML_NATIVE=ON' "$python" -m pip -q install --no-binary llama-cpp-python llama-cpp-python ||
    echo "llama.cpp was not built" >&2
fi
for geometry in ${QUANTIER_PEERS_GEOMETRIES:-modernbert-base qwen2.5-0.5b}; do
  echo "== $geometry"
  # Writes the random model, and says what the engine does alone.
  TMPDIR=$work "$build/bench/bench_engine" --geometry "$geometry" --rounds 1 --batches 8
  "$python" "$here/bench/peers.py" "$build/bench/bench_engine" "$work/quantier-bench-$geometry" --work "$work/$geometry" "$@"
done
