"""Writes predictions of many configurations, synthetic, as a measuring notebook would: to see a note and its page with more
rows than a table of six.

    python3 tools/make_many_configurations.py OUT                       # 10 models at 3 precisions, 2,000 examples, 20 classes
    python3 tools/make_many_configurations.py OUT --models 2 --examples 500

Nothing in these files was measured; the names say so. Writes predictions.npz (MODEL_RECIPE_logits, labels, tiers), summary.csv
(time and memory) and limits.toml. Needs nothing but Python itself. Same options, same bytes.
"""
import argparse
import array
import pathlib
import random
import struct
import zipfile

RECIPES = ("fp16", "int8", "int4")
TIERS = ("head", "mid", "tail")
LOSS = {"fp16": 0.0, "int8": 0.004, "int4": 0.03}  # share of answers that a precision draws anew
TIME = {"fp16": 1.0, "int8": 1.6, "int4": 0.8}
SIZE = {"fp16": 1.0, "int8": 0.62, "int4": 0.41}
LIMITS = """\
title = "Many configurations, one choice"
[envelope]
device = "a synthetic card"
ms_per_example_max = 9.0
ms_per_example_protocol = "workload"
macro_f1_min = 0.40
ece_max = 0.05
memory_max_mb = 1500
"""


def npy(shape, kind, payload):
    """Format version 1.0 of numpy.lib.format: magic, length of the header, header, the array in C order."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({', '.join(map(str, shape))},), }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + payload


def logits_of(labels, classes, skill, sharpness, redraw, rng, noise):
    """`noise`: one row for each example, shared by the precisions of a model."""
    values = array.array("f")
    for i, label in enumerate(labels):
        row = list(noise[i])
        if redraw > 0.0 and rng.random() < redraw:
            row = [rng.gauss(0.0, 1.0) for _ in range(classes)]
        row[label] += skill[label]
        values.extend(sharpness * each for each in row)
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(options.seed)
    weights = [1.0 / (1 + rank) for rank in range(options.classes)]
    labels = rng.choices(range(options.classes), weights, k=options.examples)
    third = options.classes // 3
    tier = [TIERS[min(2, label // max(1, third))] for label in labels]
    rows = ["model,precision,latency_ms,vram_gb,batch_size"]
    with zipfile.ZipFile(options.out / "predictions.npz", "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name, shape, kind, payload):
            entry = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, npy(shape, kind, payload))

        add("val_labels", (options.examples,), "<i8", struct.pack(f"<{options.examples}q", *labels))
        text = b"".join(name.ljust(4, "\0").encode("utf-32-le") for name in tier)
        add("val_tiers", (options.examples,), "<U4", text)
        for m in range(options.models):
            name = f"synthetic{m + 1:02d}"
            level = 1.6 + 1.4 * rng.random()
            skill = [max(0.2, level * (1.0 - 0.02 * c) + rng.gauss(0.0, 0.2)) for c in range(options.classes)]
            sharpness = 0.8 + 0.9 * rng.random()
            base_ms, base_gb = 1.2 + 6.0 * rng.random(), 0.3 + 1.4 * rng.random()
            noise = [[rng.gauss(0.0, 1.0) for _ in range(options.classes)] for _ in range(options.examples)]
            for recipe in RECIPES:
                values = logits_of(labels, options.classes, skill, sharpness, LOSS[recipe], rng, noise)
                add(f"{name}_{recipe}_logits", (options.examples, options.classes), "<f4", values.tobytes())
                rows.append(f"{name},{recipe},{base_ms * TIME[recipe]:.2f},{base_gb * SIZE[recipe]:.3f},32")
    (options.out / "summary.csv").write_text("\n".join(rows) + "\n")
    (options.out / "limits.toml").write_text(LIMITS)


if __name__ == "__main__":
    main()
