#!/usr/bin/env python3
"""How much of what is wrong in a note does `quantier audit` find, and what does it call wrong that is right?

  tools/audit_blind.py --binary build/release/quantier/quantier --store out/demo [--json misses.json]

The notes under tools/audit_blind/notes (or those of another set, --set tools/audit_blind2) were written by hand from the evidence of the demo,
without a look at how the audit works; faults.jsonl plants one decidable fault into one of them per line. A note holds {{...}} where a figure of time or memory stands: these vary from run to run
and are filled from `quantier report --json`. Needs the standard library alone.

Counted: false alarms are findings of a clean note that a person must look at (numbers and claims marked so, demanded evidence called absent);
what the audit says it could not check is none. A fault is caught when the faulty note has a finding that the clean note has not, on the
sentence that changed (numbers, claims) or on a demand. A finding elsewhere does not count.
"""
import argparse
import ast
import collections
import difflib
import html
import json
import operator
import pathlib
import re
import subprocess
import sys
import tempfile

KINDS = ["changed_digit", "swapped_tier", "swapped_model", "missing_precision", "overclaim", "in_sample_as_heldout", "dominated_unnamed",
         "modelled_as_measured", "wrong_unit", "wrong_direction", "ratio_outside_scope", "published_as_own", "missing_demanded_evidence"]
SHORT = {"demo-encoder": "e", "demo-decoder": "d"}
BITS = {"fp16": "16", "int8": "8", "int4": "4"}
QUARTERS = {0: "", 1: "and a quarter", 2: "and a half", 3: "and three quarters"}
UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def figures(report):
    """Names a note may use: ms_e8 (throughput), p50_, p95_ (batch 1), wl_ (file order), mb_ (process peak, MB), w_ (weights, MB), spread_ (%)."""
    names = {}
    for row in report["table"]:
        tag = SHORT[row["model"]] + BITS[row["recipe"]]
        timing = row["timing"]
        names["ms_" + tag] = row["ms_per_example"]
        names["p50_" + tag] = timing["latency"]["p50_ms"]
        names["p95_" + tag] = timing["latency"]["p95_ms"]
        names["wl_" + tag] = timing["workload"]["median_ms"]
        names["mb_" + tag] = row["memory_bytes"] / 1e6
        names["w_" + tag] = row["memory"]["weights_bytes"] / 1e6
        passes = timing["throughput"]
        names["spread_" + tag] = 100 * (passes["max_ms"] / passes["min_ms"] - 1)
    names["same_choice"] = 100 * report["decision"]["stability"]["same_choice"]
    names["nothing_passes"] = 100 * report["decision"]["stability"]["nothing_passes"]
    return names


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def evaluate(node, names):
    if isinstance(node, ast.Expression):
        return evaluate(node.body, names)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](evaluate(node.left, names), evaluate(node.right, names))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("max", "min"):
        return {"max": max, "min": min}[node.func.id](evaluate(a, names) for a in node.args)
    raise ValueError("not a placeholder: " + ast.dump(node))


def in_words(value):
    quarters = round(4 * value)
    return (UNITS[quarters // 4] + " " + QUARTERS[quarters % 4]).strip()


def fill(template, names):
    """{{ms_e8}} is 1.10; {{ms_e8:.3f}} has its own format; {{ms_e16 / ms_e8:words}} is rounded to a quarter and written in words."""
    def one(match):
        expression, _, form = match.group(1).partition(":")
        value = evaluate(ast.parse(expression.strip(), mode="eval"), names)
        form = form.strip() or ".2f"
        return in_words(value) if form == "words" else format(value, form)
    return re.sub(r"\{\{(.*?)\}\}", one, template)


def audit(binary, store, folder):
    """The sheets of all notes of a folder by file name; dies when the audit itself fails (its exit codes are 0 and 8)."""
    done = subprocess.run([binary, "audit", str(folder), "--store", str(store), "--json"], capture_output=True, text=True)
    if done.returncode not in (0, 8):
        sys.exit(f"quantier audit {folder}: exit code {done.returncode}: {done.stderr.strip()}")
    answer = json.loads(done.stdout)
    if answer["unreadable"]:
        sys.exit(f"{folder}: not read: {answer['unreadable']}")
    return {pathlib.Path(sheet["note"]).name: sheet for sheet in answer["notes"]}


def findings(sheet):
    """Everything a person must look at, as (sort, what, why, quote, line)."""
    found = []
    for number in sheet["numbers"]:
        if number["look_at"]:
            found.append(("number", number["text"], number["why"], number["quote"], number["line"]))
    for claim in sheet["claims"]:
        found.append(("claim", claim["kind"], claim["why"], claim["quote"], claim["line"]))
    for demand in sheet["demands"]:
        if demand["status"] == "absent":
            for missing in demand["missing"] or [""]:
                found.append(("demand", demand["id"], f'{demand["status"]}: {missing} {demand["why"]}'.strip(), "", 0))
    return found


def plain(text):
    """A text without markup, escapes and spaces, so that a quote can be found in a raw .ipynb or .html."""
    text = re.sub(r"</?[a-zA-Z][^>]*>", "", text)
    text = text.replace("\\n", " ").replace('\\"', '"').replace("\\\\", "\\")
    return re.sub(r"[\W_]+", "", html.unescape(text)).lower()


def new_findings(before, after, touched, original):
    """Findings of the faulty note that the clean one has not: (on the changed passages or on a demand, all). A clean note's finding on the sentence
    that the fault rewrites is the same finding when it is on the same number or of the same kind: to alarm as before is not to notice."""
    def key(finding):
        if finding[0] == "demand":
            return finding[:3]
        return (finding[0], finding[1], "changed" if overlaps(plain(finding[3]), touched + original) else plain(finding[3]))
    known = collections.Counter(map(key, before))
    fresh = []
    for finding in after:
        if known[key(finding)] > 0:
            known[key(finding)] -= 1
        else:
            fresh.append(finding)
    return [f for f in fresh if f[0] == "demand" or overlaps(plain(f[3]), touched)], fresh


def overlaps(quote, touched):
    """The quoted sentence shares a run of signs with a changed passage; a short passage (a number) must stand in the quote as a whole."""
    for passage in touched:
        need = min(len(passage), 12)
        if need == 0:
            continue
        match = difflib.SequenceMatcher(None, quote, passage, autojunk=False).find_longest_match(0, len(quote), 0, len(passage))
        if match.size >= min(need, max(len(quote), 1)):
            return True
    return False


def faulty_name(number, fault):
    return f"fault{number:03d}{pathlib.Path(fault['note']).suffix}"


def edits(fault):
    return [(fault["find"], fault["replace"])] + [(e["find"], e["replace"]) for e in fault.get("more", [])]


def around(text, start, end):
    """The line (Markdown, .ipynb source line) that holds text[start:end]: what a finding on the change may quote."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    return text[first:last if last >= 0 else len(text)]


def plant(template, fault):
    """The faulty template and the passages that changed, as they are and as they were. An edit that does not match exactly once is an error of the set."""
    touched, original = [], []
    for find, replace in edits(fault):
        if template.count(find) != 1:
            raise ValueError(f"found {template.count(find)} times, not once: {find[:90]!r}")
        at = template.index(find)
        original.append(find if len(plain(find)) >= 12 else around(template, at, at + len(find)))
        template = template[:at] + replace + template[at + len(find):]
        touched.append(replace if len(plain(replace)) >= 12 else around(template, at, at + len(replace)))
    return template, touched, original


def check(notes, faults, names):
    """Errors of the set itself: unknown kinds and notes, edits that do not match, faults that change nothing in the filled text."""
    errors = []
    for number, fault in enumerate(faults, 1):
        try:
            if fault["kind"] not in KINDS:
                raise ValueError("unknown kind " + fault["kind"])
            template, _, _ = plant(notes[fault["note"]], fault)
            if fill(template, names) == fill(notes[fault["note"]], names):
                raise ValueError("changes nothing")
            if fault["note"].endswith(".ipynb"):
                json.loads(template)
        except (KeyError, ValueError) as error:
            errors.append(f"faults.jsonl:{number}: {error}")
    return errors


def main():
    here = pathlib.Path(__file__).resolve().parent / "audit_blind"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="quantier")
    parser.add_argument("--store", required=True, help="the demo's evidence: its folder or evidence.sqlite")
    parser.add_argument("--set", "--folder", dest="folder", type=pathlib.Path, default=here, metavar="DIR",
                        help="a set: notes/ and faults.jsonl (default: audit_blind beside this script)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write rates, false alarms, misses and catches there")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="keep the filled notes, clean and faulty, in this folder")
    parser.add_argument("--list", action="store_true", help="print every false alarm")
    parser.add_argument("--only", metavar="TEXT", help="only notes whose name holds this")
    parser.add_argument("--check", action="store_true", help="only check that every fault fits its note; runs no audit")
    arguments = parser.parse_args()

    notes = {p.name: p.read_text(encoding="utf-8") for p in sorted((arguments.folder / "notes").iterdir())}
    faults = [json.loads(line) for line in (arguments.folder / "faults.jsonl").read_text(encoding="utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run([arguments.binary, "report", arguments.store, "--out", scratch, "--json"], capture_output=True, text=True)
        if done.returncode not in (0, 3):
            sys.exit(f"quantier report: exit code {done.returncode}: {done.stderr.strip()}")
        names = figures(json.loads(done.stdout))
        errors = check(notes, faults, names)
        if errors:
            sys.exit("\n".join(errors))
        if arguments.check:
            print(f"{len(notes)} notes, {len(faults)} faults, all fit")
            return
        folder = arguments.keep or pathlib.Path(scratch) / "filled"
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.only:
            notes = {name: text for name, text in notes.items() if arguments.only in name}
            faults = [f for f in faults if f["note"] in notes]
        for name, template in notes.items():
            (folder / name).write_text(fill(template, names), encoding="utf-8")
        changed = {}
        for number, fault in enumerate(faults, 1):
            template, *changed[number] = plant(notes[fault["note"]], fault)
            (folder / faulty_name(number, fault)).write_text(fill(template, names), encoding="utf-8")
        sheets = audit(arguments.binary, arguments.store, folder)
        clean, alarms, not_checked = {}, [], collections.Counter()
        for name in notes:
            clean[name] = findings(sheets[name])
            not_checked[name] = sum(n["verdict"] == "not checked" for n in sheets[name]["numbers"])
            alarms += [{"note": name, "sort": f[0], "what": f[1], "why": f[2], "quote": f[3], "line": f[4]} for f in clean[name]]
        total, caught, catches, misses, elsewhere = collections.Counter(), collections.Counter(), [], [], 0
        for number, fault in enumerate(faults, 1):
            after = findings(sheets[faulty_name(number, fault)])
            hits, fresh = new_findings(clean[fault["note"]], after, *([plain(fill(t, names)) for t in passages] for passages in changed[number]))
            total[fault["kind"]] += 1
            if hits:
                caught[fault["kind"]] += 1
                catches.append({**fault, "number": number, "found": [list(f) for f in hits]})
            else:
                elsewhere += bool(fresh)
                misses.append({**fault, "number": number, "filled": fill(fault["replace"], names), "found_elsewhere": [list(f) for f in fresh]})

    print(f"{'clean note':28s} numbers claims demands   (false alarms)   numbers not checked")
    for name in notes:
        of = [a for a in alarms if a["note"] == name]
        demands = {a["what"] for a in of if a["sort"] == "demand"}
        print(f"{name:28s} {sum(a['sort'] == 'number' for a in of):7d} {sum(a['sort'] == 'claim' for a in of):6d} {len(demands):7d}   {not_checked[name]:30d}")
    if arguments.list:
        for alarm in alarms:
            print(f"  {alarm['note']}:{alarm['line']} {alarm['sort']} {alarm['what']}: {alarm['why']}\n      {alarm['quote'][:200]}")
    said = collections.Counter(c["kind"] for c in catches if any(f[0] != "demand" for f in c["found"]))
    print(f"\n{'kind of fault':28s} caught  of   rate   on the sentence itself")
    for kind in KINDS:
        if total[kind]:
            print(f"{kind:28s} {caught[kind]:6d} {total[kind]:3d} {100 * caught[kind] / total[kind]:5.1f} %   {said[kind]:3d}")
    n, k = sum(total.values()), sum(caught.values())
    if n:
        print(f"{'all':28s} {k:6d} {n:3d} {100 * k / n:5.1f} %   ({elsewhere} of the missed have a new finding on another sentence)")
    if arguments.json:
        rates = {kind: {"caught": caught[kind], "on_the_sentence": said[kind], "of": total[kind]} for kind in KINDS if total[kind]}
        arguments.json.write_text(json.dumps({"notes": len(notes), "caught": k, "of": n, "rates": rates, "false_alarms": alarms, "misses": misses, "catches": catches},
                                             indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
