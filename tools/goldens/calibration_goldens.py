"""Goldens of stats/estimators: calibration, temperature and quantiles, from NumPy, SciPy and scikit-learn.

Real logits of both demo models on the first 200 validation texts, rounded to 1/64 so that every value is exact
in float and short in JSON. Run from the repository root:
    python tools/goldens/calibration_goldens.py
Writes testdata/stats/calibration.json, testdata/stats/calibration_quantiles.json and, over whole splits,
testdata/stats/calibration_reference.json.
"""

import json
import math
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import foldnorm, quantile_test
from sklearn.metrics import accuracy_score, f1_score, log_loss

ROWS = 200
SCALE = 64
BOUNDS = (math.log(0.05), math.log(20.0))


def nll(logits, labels, temperature):
    return -log_softmax(logits / temperature, axis=1)[np.arange(len(labels)), labels].mean()


def slope(logits, labels, u):
    beta = math.exp(-u)
    p = softmax(beta * logits, axis=1)
    return -beta * ((p * logits).sum(axis=1) - logits[np.arange(len(labels)), labels]).mean()


def fit(logits, labels):
    root = brentq(lambda u: slope(logits, labels, u), *BOUNDS, xtol=1e-15, rtol=1e-15)
    searched = minimize_scalar(
        lambda u: nll(logits, labels, math.exp(u)), bounds=BOUNDS, method="bounded", options={"xatol": 1e-12}
    ).x
    # A search over values cannot see steps below the square root of the rounding error.
    assert abs(root - searched) < 1e-6, (root, searched)
    return math.exp(root), math.exp(searched)


def scored(logits, labels, temperature):
    p = softmax(logits / temperature, axis=1)
    return p.max(axis=1), (logits.argmax(axis=1) == labels).astype(float)


def bins(confidence, right):
    out = []
    for k in range(15):
        low, high = k / 15, (k + 1) / 15
        member = (confidence > low) & (confidence <= high)
        if k == 0:
            member |= confidence == 0
        n = int(member.sum())
        out.append((n, confidence[member].mean() if n else 0.0, right[member].mean() if n else 0.0))
    return out


def ece(confidence, right):
    return sum(n / len(right) * abs(a - c) for n, c, a in bins(confidence, right))


def debiased(confidence, right):
    total = 0.0
    for n, c, a in bins(confidence, right):
        if n == 0:
            continue
        smoothed = (a * n + 0.5) / (n + 1)
        sigma = math.sqrt(smoothed * (1 - smoothed) / n)
        gap = abs(a - c)
        total += n / len(right) * (gap - (foldnorm.mean(gap / sigma, scale=sigma) - gap))
    return max(total, 0.0)


def case(model, labels):
    logits = np.load(f"demo/reference/{model}_logits.npz")["validation"][:ROWS]
    codes = np.rint(logits * SCALE).astype(int)
    z = codes / SCALE
    a, b = slice(0, None, 2), slice(1, None, 2)
    t_all, t_search = fit(z, labels)
    t_a, _ = fit(z[a], labels[a])
    t_b, _ = fit(z[b], labels[b])
    raw = scored(z, labels, 1.0)
    b_at_a, a_at_b = scored(z[b], labels[b], t_a), scored(z[a], labels[a], t_b)
    pooled = tuple(np.concatenate(pair) for pair in zip(b_at_a, a_at_b))
    passed = pooled[0] >= 0.8
    return {
        "model": model,
        "logits_times_64": codes.tolist(),
        "labels": labels.tolist(),
        "negative_log_likelihood": log_loss(labels, softmax(z, axis=1), labels=np.arange(z.shape[1])),
        "negative_log_likelihood_at_2": log_loss(labels, softmax(z / 2, axis=1), labels=np.arange(z.shape[1])),
        "bin_counts": [n for n, _, _ in bins(*raw)],
        "ece_raw": ece(*raw),
        "ece_raw_debiased": debiased(*raw),
        "temperature_all": t_all,
        "temperature_all_by_search": t_search,
        "temperature_a": t_a,
        "temperature_b": t_b,
        "ece_temperature_in_sample": ece(*scored(z, labels, t_all)),
        "ece_cross_fitted": ece(*pooled),
        "ece_cross_fitted_debiased": debiased(*pooled),
        "ece_a_to_b": ece(*b_at_a),
        "ece_b_to_a": ece(*a_at_b),
        "ece_b_raw": ece(*scored(z[b], labels[b], 1.0)),
        "gate_share": passed.mean(),
        "gate_accuracy": pooled[1][passed].mean(),
    }


def whole_split(model, split, labels):
    z = np.load(f"demo/reference/{model}_logits.npz")[split].astype(np.float64)
    predictions = z.argmax(axis=1)
    a, b = slice(0, None, 2), slice(1, None, 2)
    t_a, t_b = fit(z[a], labels[a])[0], fit(z[b], labels[b])[0]
    b_at_a, a_at_b = scored(z[b], labels[b], t_a), scored(z[a], labels[a], t_b)
    pooled = tuple(np.concatenate(pair) for pair in zip(b_at_a, a_at_b))
    return {
        "model": model,
        "split": split,
        "accuracy": accuracy_score(labels, predictions),
        "macro_f1": f1_score(labels, predictions, labels=np.unique(labels), average="macro", zero_division=0),
        "macro_f1_sklearn": f1_score(labels, predictions, average="macro", zero_division=0),
        "negative_log_likelihood": log_loss(labels, softmax(z, axis=1), labels=np.arange(z.shape[1])),
        "ece_raw": ece(*scored(z, labels, 1.0)),
        "temperature_all": fit(z, labels)[0],
        "ece_cross_fitted": ece(*pooled),
    }


def read_labels(split):
    data = Path("demo/data")
    index = {name: i for i, name in enumerate(json.loads((data / "labels.json").read_text()))}
    lines = (data / f"{split}.jsonl").read_text().splitlines()
    return np.array([index[json.loads(line)["label"]] for line in lines])


def quantile_case(samples):
    samples = np.sort(samples)
    fractions = [0.0, 0.05, 0.25, 1 / 3, 0.5, 0.9, 0.95, 0.99, 1.0]
    out = {
        "samples": samples.tolist(),
        "fractions": fractions,
        "quantiles": np.quantile(samples, fractions).tolist(),
    }
    interval = quantile_test(samples, p=0.5).confidence_interval(0.95)
    if np.isfinite([interval.low, interval.high]).all():
        out["median_interval"] = [interval.low, interval.high]
    return out


def main():
    labels = read_labels("validation")[:ROWS]
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}"
    out = Path("testdata/stats")
    out.mkdir(parents=True, exist_ok=True)
    golden = {"made_by": versions, "cases": [case(m, labels) for m in ("demo-encoder", "demo-decoder")]}
    (out / "calibration.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    cases = [whole_split(m, s, read_labels(s)) for m in ("demo-encoder", "demo-decoder") for s in ("validation", "test")]
    golden = {"made_by": versions, "cases": cases}
    (out / "calibration_reference.json").write_text(json.dumps(golden, indent=1) + "\n")
    rng = np.random.default_rng(7)
    cases = [quantile_case(np.round(rng.gamma(2.0, 3.0, n), 3)) for n in (1, 2, 5, 6, 7, 9, 10, 17, 40, 100, 101)]
    golden = {"made_by": versions, "cases": cases}
    (out / "calibration_quantiles.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
