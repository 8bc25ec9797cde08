"""The paired bootstrap beside NumPy: the same cells, the same machine, one after the other.

Needs NumPy and scikit-learn. From the repository root, with a release build that has the benchmarks:
    python bench/statistics_peer.py build/release/bench/bench_statistics
The peer is the fastest plain NumPy we know: Generator.multinomial over the cells, in blocks, and matrix products
for the tallies. scikit-learn's f1_score on resampled arrays is quoted per replicate.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CLASSES = 113
TIERS = [np.arange(0, 20), np.arange(20, 60), np.arange(60, CLASSES)]


def numpy_replicates(cells, replicates, block):
    label, a, b, count = cells.T
    n = count.sum()
    p = count / n
    rng = np.random.default_rng(1)
    support = [c for c in range(CLASSES) if count[label == c].sum() > 0]
    groups = [np.array(support)] + [np.intersect1d(t, support) for t in TIERS]

    # One column a class: the tallies of a block of replicates are a product with the drawn counts.
    def order_of(values):
        order = np.argsort(values, kind="stable")
        present, starts = np.unique(values[order], return_index=True)
        return order, present, starts

    orders = [order_of(x) for x in (label, a, b)]
    rights = [np.flatnonzero(label == x) for x in (a, b)]
    right_orders = [order_of(label[r]) for r in rights]
    out = []
    for begin in range(0, replicates, block):
        size = min(block, replicates - begin)
        drawn = rng.multinomial(n, p, size=size)

        def tally(block_counts, how):
            order, present, starts = how
            result = np.zeros((size, CLASSES))
            result[:, present] = np.add.reduceat(block_counts[:, order], starts, axis=1)
            return result

        supported = tally(drawn, orders[0])
        for run in range(2):
            predicted = tally(drawn, orders[1 + run])
            hits = tally(drawn[:, rights[run]], right_orders[run])
            both = supported + predicted
            f1 = np.divide(2 * hits, both, out=np.zeros_like(both), where=both > 0)
            for group in groups:
                out.append((f1[:, group].mean(axis=1), hits[:, group].sum(axis=1) / supported[:, group].sum(axis=1)))
    return out


def main():
    binary = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        lines = subprocess.run([binary, "--cells", folder], capture_output=True, text=True).stdout.splitlines()
        for line in lines:
            row = json.loads(line)
            if row["bench"] != "paired_bootstrap":
                print(json.dumps(row))
                continue
            path = Path(folder) / f"cells_{row['n']}.txt"
            if not path.exists():
                print(json.dumps(row))
                continue
            cells = np.loadtxt(path, dtype=np.int64)
            replicates = 10_000 if row["n"] < 100_000 else 500
            begin = time.perf_counter()
            numpy_replicates(cells, replicates, 100)
            row["numpy_seconds"] = round((time.perf_counter() - begin) * 10_000 / replicates, 3)
            row["numpy_replicates_timed"] = replicates
            row["times_faster"] = round(row["numpy_seconds"] / row["seconds"], 1)
            print(json.dumps(row))
            if row["n"] < 100_000:
                from sklearn.metrics import f1_score

                expanded = np.repeat(cells[:, :3], cells[:, 3], axis=0)
                rng = np.random.default_rng(2)
                begin = time.perf_counter()
                for _ in range(20):
                    drawn = expanded[rng.integers(0, len(expanded), len(expanded))]
                    for run in (1, 2):
                        f1_score(drawn[:, 0], drawn[:, run], average="macro", zero_division=0)
                per = (time.perf_counter() - begin) / 20
                print(json.dumps({"bench": "scikit_learn_loop", "n": row["n"], "seconds_per_replicate": round(per, 5),
                                  "quantier_seconds_per_replicate": row["seconds"] / 10_000}))


if __name__ == "__main__":
    main()
