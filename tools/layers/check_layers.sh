#!/usr/bin/env bash
# Fails on an include that layers.txt does not allow: a stage may include base, itself and what its row lists, nothing more.
set -euo pipefail
cd "$(dirname "$0")/../.."
declare -A allowed
while IFS= read -r line; do
  line=${line%%#*}
  [ -n "${line// /}" ] || continue
  allowed[${line%%:*}]=${line#*:}
done < layers.txt

status=0
while IFS=: read -r file included; do
  for stage in stats/estimators stats/comparisons ${file#quantier/}; do
    [[ $file == quantier/$stage/* || $stage == "${file#quantier/}" ]] && break
  done
  [[ $file == quantier/$stage/* ]] || { stage=${file#quantier/}; stage=${stage%%/*}; }
  [ -n "${allowed[$stage]+set}" ] || { echo "$file: folder '$stage' has no row in layers.txt" >&2; status=1; continue; }
  ok=0
  for target in base "$stage" ${allowed[$stage]}; do
    [[ $included == "$target" || $included == "$target"/* ]] && ok=1
  done
  [ $ok = 1 ] || { echo "$file includes quantier/$included, which layers.txt does not allow for '$stage'" >&2; status=1; }
done < <(grep -rnoE --include='*.h' --include='*.cc' --include='*.cu' --include='*.cuh' '^#include "quantier/[^"]+"' quantier |
           sed -E 's|^([^:]+):[0-9]+:#include "quantier/([^"]+)"|\1:\2|')
[ $status = 0 ] && echo "layers: every include follows layers.txt"
exit $status
