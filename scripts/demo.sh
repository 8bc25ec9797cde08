#!/usr/bin/env bash
# Installs what is needed, builds, and measures the bundled demo: two fine-tuned models.
# Prints where the evidence lies. Options go to `quantier run`
# (--limit 500 for a quick look).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
build/release/quantier/quantier run demo/demo.toml --out out/demo "$@"
