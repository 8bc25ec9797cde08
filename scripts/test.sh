#!/usr/bin/env bash
# Installs what is needed, builds and runs every test. Works on a machine with only git and a shell.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --tests
tools/layers/check_layers.sh
ctest --test-dir build/release --output-on-failure -j "$(nproc)"
