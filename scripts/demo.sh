#!/usr/bin/env bash
# Installs what is needed, builds, and runs the bundled demo: two fine-tuned models at several precisions.
# Ends with the table, the decision and the paths of the note, its HTML and the evidence store, as `quantier run` prints them.
# What an earlier run finished is kept, so a second call only decides and writes again. Options go to `quantier run`
# (--limit 500 for a quick look; every finding is then marked).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
exec build/release/quantier/quantier run demo/demo.toml --out out/demo --resume "$@"
