#!/usr/bin/env bash
# Installs what is needed, builds, and runs the main job on the bundled demo: two fine-tuned models at three precisions.
# Prints where the evidence lies. Options go to `quantier run`
# (--limit 500 for a quick look).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
build/release/quantier run demo/demo.toml --out out/demo "$@"
