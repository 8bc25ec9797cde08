#!/usr/bin/env python3
"""Writes testdata/tokenizer/goldens.json: token ids of the reference library (tokenizers) for quantier's tests.

  tokenizer_goldens.py                      writes the goldens
  tokenizer_goldens.py --compare QUANTIER   also compares `QUANTIER tokenize MODEL --data FILE` on all demo texts

Four parts: nasty texts for both demo tokenizers; synthetic vocabularies of full size, built from a formula that
tokenizer_golden_test.cc builds again, so that no large file is kept; variants of the flags of a tokenizer.json;
pieces of random Unicode.
"""

import argparse
import copy
import json
import pathlib
import random
import subprocess
import tempfile

import tokenizers
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ["demo-encoder", "demo-decoder"]

NASTY = [
    "", " ", "  ", "\n", "\r", "\r\n", "\t", "\0", "a", " a", "a ", "  a  b  ", "a\n\nb", "a \n b", "a\r\rb \r\n c",
    "lone\rCR", "tab\tand\vvt\ffeed", "nul\0inside \0\0", "x\u0085y \u0085 z", "x\u2028y\u2029z", "a\u3000b \u3000 c",
    "\ufeffbom \ufeff inside", "a\u180eb \u180e c", "a\u200bb \u200b c", "a\u00a0b \u00a0\u00a0 c", "a\u202f\u205f\u1680b",
    "cafe\u0301 caf\u00e9 CAFE\u0301", "e\u0301\u0323 e\u0323\u0301", "A\u030a \u212b \u00c5", "\u1e9b\u0323 \ufb01 \u2126",
    "\u1100\u1161\u11a8 \uac00\u11a8 \uac01 \u1112\u1161\u11ab\u1100\u1173\u11af", "\u0958 \u0915\u093c \u09c7\u09be",
    "\U0001d15e \u0340\u0341\u0344", "\u0344a\u0301", "\u0301start", "a" + "\u0301\u0316" * 20 + "b",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320\u034dA\u036b\u0357\u0334\u0362\u0335\u031c\u0330\u0354L\u0368\u0367\u0369\u0358\u0320G\u0311\u0357\u030e\u0305\u035b\u0341",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd \u2764\ufe0f",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd \u200fRTL\u200e \u202eoverride\u202c",
    "don't DON'T Don'T we'Ve I'LL he'd I'm 'S 's 'T''t'", "don\u2019t it\u2019s \u2018q\u2019", "'\u017f '\u017fx x'\u017f 'L\u217c '\u212a",
    "'re're'RE 'rE 'r 'v 'l '", "''''s '' 'd'm", "'\ufb06 'st 's\u0301 's\u0307",
    "123 4567 12.5e-3 \u0661\u0662\u0663 \u096a\u096b \u2160\u2161 \u00b2\u00b3\u00bd \u4e00\u4e8c \U0001d7d8\U0001d7e1",
    " 1 22 333  4444   55555 a1b2c3 1\n2 3\r\n", "x!!! ??? ...\n\n !\n ?\r\n;\r\r", "!\n \n!\n  \nx \n\n  y",
    "=" * 50 + "\n" + "-" * 33, " " * 1, " " * 17 + "x", "x" + " " * 100, "\n" * 37, "\t" * 9 + " x" + " \t" * 8,
    "[MASK]", "a[MASK]b [MASK] c  [MASK]  d", "[CLS][SEP][PAD][UNK]", "[MASK", "[MA[MASK]SK]", "[mask]", "[MASK]\u0301",
    "e[SEP]\u0301 e\u0301", "<|im_end|>", "a<|im_start|>user\nhello<|im_end|>\n<|endoftext|>", "<|im_end", "<|im_<|im_end|>",
    "\U0001f600\U0001d400\U00020000\U0010ffff", "\ue000\uf8ff\U000f0000", "\ufffd\ufffe\uffff", "\u0378 \u0e00 \U0001fae8",
    "\u4f60\u597d\u4e16\u754c\u3002\u3053\u3093\u306b\u3061\u306f\u304c\u3099 \ud55c\uad6d\uc5b4", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0e33\u0e4d",
    "na\u00efve r\u00e9sum\u00e9 \u00df\u1e9e \u0130\u0131 \u01c5 \u02bc \u00aa\u00ba", "C:\\path\\file.txt /usr/lib/x86_64-linux-gnu #!/bin/sh",
    "snake_case camelCase kebab-case __init__ a_1_b", "http://example.org/?q=a%20b&c=d#e", "\x01\x02\x7f\x80\x9f\xad",
    "\u094d\u0915\u094d\u0937 \u0e31 \u20dd \u0488", "a\u0898b\u089c\u0316\u0301 \u1ac1\u0301 \U00011935\U00011930 \U0001e08f\u0301",
    "\U0001e030 \ua7cb \U00031350 \U00010d40\U00010d41 \u1c89", "x" * 300, "ab" * 200 + " " + "the " * 40,
    "\u00e9" * 100, "\u6f22" * 90, "a" * 47, "a" * 48, "a" * 49, "a" * 64, "a" * 65, "package" * 9, "library" * 10,
    "the library provides development files for the package. " * 12,
]


def random_texts():
    rng = random.Random(20261123)
    pools = [
        "abcdefgh THE the in on er ",
        "0123456789.,;:!?-_()[]{}'\"",
        " \t\n\r\u000b\u0085\u00a0\u2003\u3000\u180e",
        "\u0301\u0316\u0327\u0302\u0345\u0323\u093c\u3099",
        "eaoucAEOn\u00e9\u00ea\u1ec7\u1e69\u0915\u304b",
        "\u1100\u1161\u11a8\uac00\uac01\u1175\u11c2",
        "'stremdlSTREMDLV\u017f\u2019",
        "\u4e00\u6f22\u0416\u0436\u03b1\u05d0\u0627\u0e01",
        "\u0661\u00bd\u2160\U0001d7d8\U0001f600\u200d\ufe0f\ue000",
    ]
    out = []
    for _ in range(160):
        text = ""
        for _ in range(rng.randint(1, 12)):
            pool = rng.choice(pools)
            text += "".join(rng.choice(pool) for _ in range(rng.randint(1, 6)))
        out.append(text)
    for _ in range(40):  # anything
        out.append("".join(chr(c) for c in (rng.randrange(0x11000) for _ in range(30)) if not 0xD800 <= c < 0xE000))
    return out


def alphabet():
    keep = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    extra = iter(range(0x100, 0x200))
    return [chr(b) if b in keep else chr(next(extra)) for b in range(256)]


def synthetic(merge_count, multiplier):
    """Merges by formula: step k joins tokens number (k * multiplier) mod T and (k * k + 7 k) mod min(T, 600).

    T is the number of tokens so far; a pair that was listed, a token that exists or one longer than 16 characters
    is skipped. Starts from the 256 bytes in byte order.
    """
    tokens, merges, known = alphabet(), [], set(alphabet())
    k = 0
    while len(merges) < merge_count:
        left = tokens[(k * multiplier) % len(tokens)]
        right = tokens[(k * k + 7 * k) % min(len(tokens), 600)]
        k += 1
        new = left + right
        if len(new) > 16 or new in known:
            continue
        known.add(new)
        tokens.append(new)
        merges.append([left, right])
    return tokens, merges


def tokenizer_json(tokens, merges, **changes):
    root = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None, "decoder": None,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {t: i for i, t in enumerate(tokens)}, "merges": merges},
    }
    for name, value in changes.items():
        root[name] = value
    return root


def random_words(seed, count):
    """Text over all bytes that form UTF-8, by the same generator as in the C++ test: x = x * 6364136223846793005 + 1."""
    x, words = seed, []
    for _ in range(count):
        length = 0
        word = ""
        x = (x * 6364136223846793005 + 1) % 2**64
        for _ in range(1 + (x >> 33) % 40):
            x = (x * 6364136223846793005 + 1) % 2**64
            r = (x >> 33) % 1000
            word += chr(97 + r % 26) if r < 700 else chr(0x21 + r % 90) if r < 850 else chr(0xA1 + r % 94) if r < 950 else chr(0x4E00 + r)
        words.append(word)
    return words


def variants():
    """A small tokenizer.json and its changes, each with texts."""
    base_tokens, base_merges = synthetic(300, 31)
    added = lambda **flags: {"id": flags.pop("id"), "content": flags.pop("content"), "single_word": False, "lstrip": False,
                             "rstrip": False, "normalized": False, "special": False, **flags}
    token_texts = ["<T>", "a<T>b", "a <T> b", "a  <T>  b", "<T><T>", " <T> <T> ", "a<T>", "<T>b", "1<T>", "_<T>_", "-<T>-",
                   "\u00e9<T>\u0301", "\u0301<T>", "a\u3000<T>\u0085b", "\u200b<T>\u180e", "x\n<T>\n\ny", "<T", "<<T>>", "<TT>", "<T>T>",
                   "caf\u00e9 cafe\u0301", "xcafe\u0301x", "cafe\u0301<T>caf\u00e9", " in<T>in", "  ", "", "\u2460<T>\u203f", "\u0898<T>"]
    out = []

    def variant(name, root, texts, max_lengths=(None,)):
        out.append({"name": name, "tokenizer": root, "texts": texts, "max_lengths": list(max_lengths)})

    n = len(base_tokens)
    plain = lambda **changes: tokenizer_json(base_tokens, base_merges, **changes)
    for flags in [{}, {"lstrip": True}, {"rstrip": True}, {"single_word": True}, {"lstrip": True, "rstrip": True},
                  {"lstrip": True, "single_word": True}, {"normalized": True}, {"normalized": True, "lstrip": True},
                  {"normalized": True, "single_word": True, "rstrip": True}, {"special": True}]:
        tokens = [added(id=n, content="<T>", **flags), added(id=n + 1, content="<TT>", **flags),
                  added(id=n + 2, content="cafe\u0301", **flags), added(id=n + 3, content=" in", **flags)]
        variant("added " + " ".join(flags), plain(added_tokens=tokens), token_texts)
    mixed = [added(id=n, content="<T>", normalized=True, lstrip=True), added(id=n + 1, content="  ", normalized=True),
             added(id=n + 2, content="<T>b", special=True, rstrip=True), added(id=n + 3, content="    ", normalized=False)]
    variant("added mixed", plain(added_tokens=mixed), token_texts + ["      x", "a   b     c"])
    bl = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    variant("add_prefix_space", plain(pre_tokenizer=bl, added_tokens=[added(id=n, content="<T>")]), token_texts + NASTY[:40])
    variant("no regex", plain(pre_tokenizer={**bl, "use_regex": False, "add_prefix_space": False}), NASTY[:60])
    digits = {"type": "Split", "pattern": {"Regex": r"\p{N}{1,3}"}, "behavior": "Isolated", "invert": False}
    variant("split then prefix", plain(pre_tokenizer={"type": "Sequence", "pretokenizers": [digits, bl]}), NASTY)
    llama = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    split = {"type": "Split", "pattern": {"Regex": llama}, "behavior": "Isolated", "invert": False}
    old_unicode = [t for t in NASTY if not any(c in t for c in "\U0001e030\ua7cb\U00031350")]
    variant("other pattern", plain(pre_tokenizer={"type": "Sequence", "pretokenizers": [split, {**bl, "use_regex": False, "add_prefix_space": False}]}), old_unicode)
    variant("no normalizer", plain(normalizer=None), NASTY[20:50])
    variant("normalizer sequence", plain(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}]}), NASTY[20:50])
    strings = tokenizer_json(base_tokens, [" ".join(m) for m in base_merges])
    variant("merges as strings", strings, NASTY)
    unk = tokenizer_json(["[UNK]"] + [t for t in base_tokens if t not in "xyz\u0120"], [m for m in base_merges if not set("xyz\u0120") & set("".join(m))])
    dropped = copy.deepcopy(unk)
    variant("bytes missing", dropped, NASTY[:60])
    unk["model"]["unk_token"] = "[UNK]"
    variant("unk_token", unk, NASTY[:60])
    whole = tokenizer_json(base_tokens + ["whole", "\u0120word", "zzzz"], base_merges)
    whole["model"]["ignore_merges"] = True
    variant("ignore_merges", whole, ["whole word", "wholes words zzzz", " zzzz", "word", "xwhole"])
    special = {"[A]": {"id": "[A]", "ids": [1, 2], "tokens": ["a", "b"]}, "[B]": {"id": "[B]", "ids": [3], "tokens": ["c"]}}
    post = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[A]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "[B]", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}], "special_tokens": special}
    both = {"type": "Sequence", "processors": [{"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}, post]}
    cut = {"direction": "Right", "max_length": 9, "strategy": "LongestFirst", "stride": 0}
    variant("template", plain(post_processor=both, truncation=cut, added_tokens=[added(id=n, content="<T>")]),
            ["", "a", "<T><T><T><T><T><T><T>", "abcdefghijkl", "abcdef", "a<T>b<T>c<T>d<T>e"], (None, 3, 4, 8, 9, 10))
    return out


def ids_of(root, texts, max_lengths=(None,)):
    out = []
    for max_length in max_lengths:
        tokenizer = Tokenizer.from_str(json.dumps(root))
        tokenizer.no_padding()
        if max_length is not None:
            tokenizer.enable_truncation(max_length)
        out.append([tokenizer.encode(t).ids for t in texts])
    return out


def compare(binary):
    for name in MODELS:
        tokenizer = Tokenizer.from_file(str(ROOT / "demo" / name / "tokenizer.json"))
        records = []
        for split in ["validation", "test"]:
            records += [json.loads(line) for line in (ROOT / "demo/data" / f"{split}.jsonl").open()]
        demo_count = len(records)
        for i, text in enumerate(NASTY + random_texts()):
            records.append({"id": f"nasty-{i}", "text": text, "label": records[0]["label"]})
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.writelines(json.dumps(r) + "\n" for r in records)
            file.flush()
            done = subprocess.run([binary, "tokenize", str(ROOT / "demo" / name), "--data", file.name],
                                  capture_output=True, text=True, check=True)
        ours = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(ours) == len(records), (len(ours), len(records))
        wrong = sum(a != tokenizer.encode(r["text"]).ids for a, r in zip(ours, records))
        print(f"{name}: {demo_count} demo texts and {len(records) - demo_count} nasty ones, {wrong} differ")
        assert wrong == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compare")
    arguments = parser.parse_args()
    texts = NASTY + random_texts()
    goldens = {"library": f"tokenizers {tokenizers.__version__}", "texts": texts, "models": {}, "synthetic": [], "variants": []}
    for name in MODELS:
        root = json.loads((ROOT / "demo" / name / "tokenizer.json").read_text())
        root["truncation"] = None
        goldens["models"][name] = ids_of(root, texts)[0]
    for merges, multiplier, seed in [(50000, 7919, 1), (151000, 104729, 2)]:
        tokens, pairs = synthetic(merges, multiplier)
        words = random_words(seed, 60)
        root = tokenizer_json(tokens, pairs)
        goldens["synthetic"].append({"merges": merges, "multiplier": multiplier, "seed": seed,
                                     "ids": ids_of(root, [" ".join(words)])[0][0],
                                     "nasty": ids_of(root, NASTY[:60])[0]})
    shared = None
    for v in variants():
        v["ids"] = ids_of(v["tokenizer"], v["texts"], v["max_lengths"])
        # The vocabulary and the merges of most variants are those of the first: kept once.
        if shared is None:
            shared = copy.deepcopy(v["tokenizer"]["model"])
            goldens["model"] = shared
        if v["tokenizer"]["model"] == shared:
            del v["tokenizer"]["model"]
        goldens["variants"].append(v)
    path = ROOT / "testdata/tokenizer/goldens.json"
    path.write_text(json.dumps(goldens, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")
    print(path, path.stat().st_size)
    if arguments.compare:
        compare(arguments.compare)


if __name__ == "__main__":
    main()
