#!/usr/bin/env python3
"""One-thread comparison of `quantier tokenize` with the reference library (tokenizers), in interleaved rounds.

  tokenize_peer.py QUANTIER [--model demo/demo-encoder] [--data demo/data/validation.jsonl] [--rounds 7]

Quantier is timed as a whole process: start, reading the tokenizer and the data, encoding, printing. The reference is
timed inside a running Python, on texts already in memory: its own file reading and start are left out, which favours it.
Prints the median of both and their ratio; ends with status 1 when ids differ or Quantier is slower.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers  # noqa: E402  (after the environment)

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("quantier")
    parser.add_argument("--model", default=str(ROOT / "demo/demo-encoder"))
    parser.add_argument("--data", default=str(ROOT / "demo/data/validation.jsonl"))
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    tokenizer = tokenizers.Tokenizer.from_file(f"{arguments.model}/tokenizer.json")
    tokenizer.no_padding()
    texts = [json.loads(line)["text"] for line in open(arguments.data, encoding="utf-8")]
    command = [arguments.quantier, "tokenize", arguments.model, "--data", arguments.data]

    def ours():
        return [json.loads(line) for line in subprocess.run(command, capture_output=True, check=True).stdout.splitlines()]

    def one_by_one():
        return [tokenizer.encode(t) for t in texts]

    def batch():
        return tokenizer.encode_batch(texts)

    if ours() != [e.ids for e in batch()]:
        print("the ids differ")
        return 1
    seconds = {"quantier, whole process": [], "tokenizers, encode": [], "tokenizers, encode_batch": []}
    runs = [lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True), one_by_one, batch]
    for round_number in range(arguments.rounds):
        order = list(zip(seconds, runs))
        for name, run in order if round_number % 2 == 0 else reversed(order):
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in medians.items():
        print(f"{name}: {1e3 * value:.1f} ms for {len(texts)} texts (median of {arguments.rounds})")
    mine, *others = medians.values()
    print(f"ratio: {min(others) / mine:.2f} (tokenizers {tokenizers.__version__}, its faster way, over quantier)")
    return 0 if min(others) >= mine else 1


if __name__ == "__main__":
    sys.exit(main())
