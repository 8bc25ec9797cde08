"""Goldens of proper scores, equal-mass bins and temperatures as PyTorch fits them.

Reads the logits of testdata/stats/calibration.json (calibration_goldens.py makes it). From the repository root:
    python tools/goldens/calibration_recipes_goldens.py
Writes testdata/stats/calibration_recipes.json.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import torch
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

RECIPES = [
    "lbfgs:lr=0.01,steps=50",
    "lbfgs:lr=0.01,calls=50",
    "lbfgs:lr=0.01,steps=7,calls=5",
    "lbfgs:lr=0.1,steps=200",
    "lbfgs:lr=1,steps=50",
    "lbfgs:lr=0.01,steps=50,of=t,start=1.5",
    "gd:lr=0.1,steps=200",
    "gd:lr=0.05,steps=50,of=t,start=1.5",
    "adam:lr=0.01,steps=200",
]


def fit(logits, labels, recipe, dtype):
    name, _, settings = recipe.partition(":")
    settings = dict(x.split("=") for x in settings.split(","))
    start = float(settings.get("start", 1.0))
    of_log = settings.get("of", "log") == "log"
    x = torch.tensor(logits, dtype=dtype)
    y = torch.tensor(labels)
    parameter = torch.tensor([np.log(start) if of_log else start], dtype=dtype, requires_grad=True)
    lr = float(settings["lr"])

    def loss():
        return torch.nn.functional.cross_entropy(x / (parameter.exp() if of_log else parameter), y)

    if name == "lbfgs":
        steps = int(settings.get("steps", 20))
        optimizer = torch.optim.LBFGS([parameter], lr=lr, max_iter=steps)

        def closure():
            optimizer.zero_grad()
            value = loss()
            value.backward()
            return value

        for _ in range(int(settings.get("calls", 1))):
            optimizer.step(closure)
    else:
        optimizer = (torch.optim.SGD if name == "gd" else torch.optim.Adam)([parameter], lr=lr)
        for _ in range(int(settings["steps"])):
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
    value = parameter.detach().item()
    return float(np.exp(value)) if of_log else value


def equal_mass(confidence, right):
    n = len(confidence)
    order = np.argsort(confidence, kind="stable")
    c, r = confidence[order], right[order]
    ends = [int(np.floor((k + 1) * n / 15 + 0.5)) for k in range(15)]
    error, begin, counts = 0.0, 0, []
    for end in ends:
        end = max(end, begin)
        while begin < end < n and c[end] == c[end - 1]:
            end += 1
        if end > begin:
            error += (end - begin) / n * abs(r[begin:end].mean() - c[begin:end].mean())
        counts.append(end - begin)
        begin = end
    return error, counts


cases = []
for case in json.loads(Path("testdata/stats/calibration.json").read_text())["cases"]:
    logits = np.array(case["logits_times_64"]) / 64.0
    labels = np.array(case["labels"])
    n = len(labels)
    p = softmax(logits, axis=1)
    onehot = np.eye(p.shape[1])[labels]
    right = (logits.argmax(axis=1) == labels).astype(float)
    brier = ((p - onehot) ** 2).sum(axis=1)
    top1 = (p.max(axis=1) - right) ** 2
    nll = -log_softmax(logits, axis=1)[np.arange(n), labels]
    error, counts = equal_mass(p.max(axis=1), right)
    rounded_error, rounded_counts = equal_mass(np.round(p.max(axis=1) * 8) / 8, right)
    kept = p.max(axis=1) >= 0.8

    def mean(x):
        half = scipy.stats.norm.ppf(0.975) * x.std(ddof=1) / np.sqrt(n)
        return [x.mean(), x.mean() - half, x.mean() + half]

    cases.append(
        {
            "model": case["model"],
            "negative_log_likelihood": mean(nll),
            "brier": mean(brier),
            "brier_top1": mean(top1),
            "equal_mass": error,
            "equal_mass_counts": counts,
            "equal_mass_with_ties": rounded_error,
            "equal_mass_with_ties_counts": rounded_counts,
            "kept": int(kept.sum()),
            "share_interval": list(proportion_confint(kept.sum(), n, method="wilson")),
            "accuracy_interval": list(proportion_confint(right[kept].sum(), kept.sum(), method="wilson")),
            "recipes": {r: fit(logits, labels, r, torch.float64) for r in RECIPES},
            "recipes_float32": {r: fit(logits, labels, r, torch.float32) for r in RECIPES},
        }
    )

exact = []
for k, n in [(0, 10), (1, 10), (10, 10), (120, 2000), (97, 2000), (5, 7)]:
    interval = binomtest(k, n).proportion_ci(method="exact")
    exact.append({"k": k, "n": n, "low": interval.low, "high": interval.high})
made_by = f"numpy {np.__version__}, scipy {scipy.__version__}, torch {torch.__version__}"
Path("testdata/stats/calibration_recipes.json").write_text(
    json.dumps({"made_by": made_by, "cases": cases, "clopper_pearson": exact}, indent=1) + "\n"
)
