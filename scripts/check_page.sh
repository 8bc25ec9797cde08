#!/usr/bin/env bash
# The interactive page in a real browser: it runs from disk under its own policy, and wherever its limits stand it decides
# as `quantier decide` does.
#   scripts/check_page.sh [STORE [ENVELOPE]]    default: imports testdata/notebook and decides by its limits
# Then it is looked at in both colour schemes at two widths (page_checks.js), and so is a page of 30 configurations.
# Needs the Debian packages chromium and python3, and a built quantier. Prints what was compared; fails on the first kind of
# difference.
set -euo pipefail
cd "$(dirname "$0")/.."
quantier=${QUANTIER:-build/release/quantier/quantier}
command -v chromium >/dev/null || { echo "check_page: chromium is missing; install the Debian package chromium" >&2; exit 1; }
[ -x "$quantier" ] || { echo "check_page: $quantier is not built" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
envelope=${2:-testdata/notebook/limits.toml}
if [ $# -ge 1 ]; then
  mkdir "$work/store" && cp -r "$1/evidence.sqlite" "$work/store/"
else
  "$quantier" import testdata/notebook --out "$work/store" --device "one card" >/dev/null
fi
status=0
"$quantier" note --from "$work/store" --envelope "$envelope" >/dev/null 2>&1 || status=$?
[ $status -eq 0 ] || [ $status -eq 3 ] || { echo "check_page: the note could not be written" >&2; exit 1; }

# What the program says on a grid: NAME of the limit, its value as the page shows it, the choice.
cases="["
for row in "ECE --max-ece 1" "macro-F1 --min-macro-f1 1" "latency --max-ms 1" "memory --max-memory 1e6"; do
  read -r name flag scale <<<"$row"
  case $name in
    ECE) values="0.005 0.02 0.03 0.04 0.044 0.046 0.048 0.05 0.06 0.08 0.1 0.2" ;;
    macro-F1) values="0.05 0.2 0.3 0.33 0.36 0.39 0.4 0.44 0.5 0.6 0.65 0.7" ;;
    latency) values="0.5 1 1.5 2 2.5 3 4 5 6 8 10 13 20" ;;
    memory) values="20 37 39 41 46 50 60 300 420 600 1000 1200 2000" ;;
  esac
  for value in $values; do
    given=$value
    [ "$name" = memory ] && given="${value}MB"
    "$quantier" decide "$work/store" --envelope "$envelope" "$flag" "$given" --json >"$work/decision.json" 2>/dev/null || [ $? -eq 3 ]
    chosen=$(sed -n 's/^.*"chosen": *\("[^"]*"\|null\).*$/\1/p' "$work/decision.json" | head -n 1)
    cases+="[\"$name\",$value,${chosen:-null},$scale],"
  done
done
cases="${cases%,}]"

# The page itself under its policy: the script runs and says what was decided.
browser() { timeout 60 chromium --headless --no-sandbox --disable-gpu --dump-dom "file://$1" 2>/dev/null; }
browser "$work/store/note.html" >"$work/dom"
grep -q 'id="live-answer"[^>]*>As decided: ' "$work/dom" || { echo "check_page: the script did not run under the page's policy" >&2; exit 1; }

# A copy that is asked; without the policy, because what asks is not part of the page.
sed 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' "$work/store/note.html" >"$work/asked.html"
cat >>"$work/asked.html" <<SCRIPT
<script>
const data = JSON.parse(document.getElementById("quantier-choice").textContent);
const cases = $cases;
let agreed = 0;
const wrong = [];
const asked = new Set();
for (const [name, value, expected, scale] of cases) {
  const at = data.table.limits.findIndex((limit) => limit.name === name);
  if (at < 0) continue;
  asked.add(name);
  const bounds = data.table.limits.map((limit) => limit.limit);
  bounds[at] = value * scale;
  const index = window.quantier.decide(bounds);
  const chosen = index === null ? null : data.names[index];
  if (chosen === expected) ++agreed;
  else wrong.push(name + " " + value + ": page " + chosen + ", program " + expected);
}
document.body.insertAdjacentHTML("beforeend", "<pre id=checked></pre>");
document.getElementById("checked").textContent = "agreed " + agreed + " limits " + [...asked].join(",") + " wrong " + wrong.join("; ");
// Controls: every one can be reached by the keyboard and has a name.
const nameless = [...document.querySelectorAll("input, button, summary")].filter(
    (each) => !(each.getAttribute("aria-label") || each.textContent.trim() || (each.labels && each.labels.length)) || each.tabIndex < 0);
document.body.insertAdjacentHTML("beforeend", "<pre id=controls>nameless " + nameless.length + "</pre>");
// Moving a slider decides again.
const slider = document.querySelector('[data-role="range"]');
slider.value = slider.min;
slider.dispatchEvent(new Event("input"));
document.body.insertAdjacentHTML("beforeend", "<pre id=moved>" + document.getElementById("live-answer").textContent + "</pre>");
</script>
SCRIPT
browser "$work/asked.html" >"$work/dom"
checked=$(sed -n 's/.*<pre id="checked">\([^<]*\).*/\1/p' "$work/dom")
echo "check_page: ${checked:-nothing was compared}"
[[ $checked =~ ^agreed\ ([0-9]+)\ .*wrong\ $ ]] && [ "${BASH_REMATCH[1]}" -ge 20 ] || { echo "check_page: page and program differ" >&2; exit 1; }
grep -q '<pre id="controls">nameless 0</pre>' "$work/dom" || { echo "check_page: a control has no name or cannot be reached" >&2; exit 1; }
grep -q '<pre id="moved">With these limits: ' "$work/dom" || { echo "check_page: moving a slider changes nothing" >&2; exit 1; }
# What a person meets: contrast in both schemes, names, headings, tables, figures, focus, and no wider than the window, which is
# a desk's or a telephone's (the page in a frame of that width). Gives "found N | scheme, width: summary | findings".
# ask PAGE WIDTH SCHEME, of Chromium's settings: 1 is light, 0 is dark
ask() {
  local page=$1 width=$2 scheme=$3
  sed 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' "$page" >"$work/looked.html"
  { echo '<script data-check>'; cat scripts/page_checks.js; echo '</script>'; } >>"$work/looked.html"
  {
    cat <<FRAME
<!doctype html><title>frame</title><style>body{margin:0}iframe{border:0;width:${width}px;height:900px}</style><iframe></iframe>
<script>
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  let text;
  try {
    const view = frame.contentWindow;
    const found = view.pageChecks();
    // Moving a slider, as often as a hand does in a second.
    const slider = view.document.querySelector('[data-role="range"]');
    const before = performance.now();
    for (let i = 0; slider && i < 20; ++i) {
      slider.value = Number(slider.min) + (i / 20) * (Number(slider.max) - Number(slider.min));
      slider.dispatchEvent(new view.Event("input"));
    }
    const each = (performance.now() - before) / 20;
    if (each > 100) found.findings.push("a slider takes " + each.toFixed(0) + " ms");
    text = "found " + found.findings.length + " | " + found.scheme + ", $width px: " + found.summary + " | " + found.findings.join(" | ");
  } catch (error) {
    text = "found -1 | " + error;
  }
  const out = document.createElement("pre");
  out.id = "found";
  out.textContent = text;
  document.body.append(out);
});
FRAME
    printf 'frame.srcdoc = new TextDecoder().decode(Uint8Array.from(atob("'
    base64 -w 0 "$work/looked.html"
    printf '"), (c) => c.charCodeAt(0)));\n</script>\n'
  } >"$work/frame.html"
  timeout 120 chromium --headless --no-sandbox --disable-gpu --window-size=1300,1000 --virtual-time-budget=20000 \
    --blink-settings=preferredColorScheme="$scheme" --dump-dom "file://$work/frame.html" 2>/dev/null |
    sed -n 's/.*<pre id="found">\(found [^<]*\).*/\1/p'
}
look() {
  local page=$1 what=$2 scheme width name found size
  for scheme in 1 0; do
    name=light
    [ "$scheme" = 0 ] && name=dark
    for width in 1280 390; do
      found=$(ask "$page" "$width" "$scheme")
      echo "check_page: $what: ${found:-nothing was looked at}" | cut -c1-4000
      [[ $found == "found 0 | $name, $width px: "* ]] || { echo "check_page: $what is not fit for everybody" >&2; exit 1; }
    done
  done
  size=$(stat -c %s "$page")
  [ "$size" -le 2000000 ] || { echo "check_page: $what has $size bytes, more than 2 MB" >&2; exit 1; }
  echo "check_page: $what: passed; page of $size bytes"
}
look "$work/store/note.html" "the page"

# A page with one fault of each kind: a check that finds none of them checks nothing.
sed -e 's/<html lang="en">/<html>/' -e 's/<h2 id="card-title"/<h4 id="card-title"/' -e 's/ role="img"//' \
  -e '0,/<th scope="col"/s//<th/' -e 's/aria-label="latency at most"/data-was="&/' "$work/store/note.html" >"$work/faults.html"
cat >>"$work/faults.html" <<'FAULTS'
<p id="pale">Hardly to be read</p><button tabindex="3" id="unseen">first of all</button><h1>another title</h1>
<div id="wide">.</div><table><tr><td>1</td></tr></table>
<style>#pale{color:#888;background:#999}#unseen:focus-visible{outline:none}#wide{width:3000px}</style>
FAULTS
found=$(ask "$work/faults.html" 390 1)
for fault in "contrast 1." "no name" "a tab index of its own order" "focus is not seen" "heading of level 4 after level 1" \
  "2 headings of level 1" "no header in a table" "a header without scope" "no alternative to a picture" "no language" \
  "wider than the window"; do
  [[ $found == *"$fault"* ]] || { echo "check_page: a planted fault is not found: $fault" >&2; exit 1; }
done
echo "check_page: every planted fault is found"

# As many configurations as a person still looks at, unless a store was given.
if [ $# -eq 0 ]; then
  command -v python3 >/dev/null || { echo "check_page: python3 is missing; it makes the files of 30 configurations" >&2; exit 1; }
  python3 tools/make_many_configurations.py "$work/many"
  "$quantier" note --from "$work/many" --envelope "$work/many/limits.toml" --device "a synthetic card" --out "$work/thirty" >/dev/null 2>&1
  look "$work/thirty/note.html" "the page of 30 configurations"
fi
