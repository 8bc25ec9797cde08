"""Goldens of stats/comparisons/paired_counts: SciPy's binomial and beta-binomial, statsmodels' Holm, root finding.

Run from the repository root: python tools/goldens/paired_counts_goldens.py
Writes testdata/stats/paired_counts.json.
"""

import json
import math
from pathlib import Path

import numpy as np
import scipy
import statsmodels
from scipy.optimize import brentq
from scipy.stats import betabinom, binom
from statsmodels.stats.multitest import multipletests

Z = 1.959963984540054


def score(delta, n, lost, gained):
    """Tango 1998: signed score statistic, the nuisance by maximising the likelihood as a quadratic's root."""
    a, b, c = 2 * n, -lost - gained + (2 * n - gained + lost) * delta, -lost * delta * (1 - delta)
    q = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    return gained - lost - n * delta, math.sqrt(max(n * (2 * q + delta * (1 - delta)), 0.0))


def tango(n, lost, gained):
    centre = (gained - lost) / n

    def bound(sign, end):
        f = lambda d: score(d, n, lost, gained)[0] - sign * Z * score(d, n, lost, gained)[1]
        return brentq(f, end * (1 - 1e-12), centre + end * 1e-13, xtol=1e-14)

    return [bound(1, -1), bound(-1, 1)]


def mid_p(lost, gained):
    d = lost + gained
    if lost == gained:
        return 1.0
    k = min(lost, gained)
    return 2 * binom.cdf(k, d, 0.5) - binom.pmf(k, d, 0.5)


def replication(n, lost, gained):
    if lost == gained:
        return 0.0
    small, large = sorted((lost, gained))
    total = 0.0
    for d in range(n + 1):
        outer = betabinom.pmf(d, n, lost + gained + 1, n - lost - gained + 0.5)
        if outer < 1e-12:
            continue
        k = np.arange(0, (d + 1) // 2)
        p = 2 * binom.cdf(k, d, 0.5) - binom.pmf(k, d, 0.5)
        total += outer * betabinom.pmf(k[p < 0.05], d, small + 0.5, large + 0.5).sum()
    return total


def bootstrap(n, lost, gained, rng):
    draws = rng.multinomial(n, [lost / n, gained / n, 1 - (lost + gained) / n], size=2_000_000)
    return np.quantile((draws[:, 1] - draws[:, 0]) / n, [0.025, 0.975], method="inverted_cdf").tolist()


def detectable(n, d):
    k = np.arange(0, (d + 1) // 2)
    k = k[2 * binom.cdf(k, d, 0.5) - binom.pmf(k, d, 0.5) < 0.05]
    if len(k) == 0:
        return None
    share = brentq(lambda s: binom.cdf(k[-1], d, 1 - s) - 0.8, 0.5, 1 - 1e-12, xtol=1e-15)
    return (2 * share - 1) * d / n


def main():
    rng = np.random.default_rng(1)
    cases = []
    for n, lost, gained in [
        (1, 0, 0), (10, 0, 0), (10, 1, 0), (44, 1, 0), (50, 5, 0), (210, 2, 0), (210, 12, 2), (493, 9, 21),
        (493, 15, 15), (2088, 40, 18), (3502, 120, 80), (6083, 300, 150), (6083, 21, 3), (6083, 700, 650),
    ]:
        cases.append({
            "n": n, "lost": lost, "gained": gained,
            "tango": tango(n, lost, gained),
            "mid_p": mid_p(lost, gained),
            "replication": replication(n, lost, gained),
            "bootstrap": bootstrap(n, lost, gained, rng),
            "detectable": detectable(n, lost + gained),
        })
    p_values = [0.01, 0.04, 0.03, 0.005, 0.2, 1.0, 0.03]
    golden = {
        "made_by": f"numpy {np.__version__}, scipy {scipy.__version__}, statsmodels {statsmodels.__version__}",
        "cases": cases,
        "holm": {"p": p_values, "adjusted": multipletests(p_values, method="holm")[1].tolist()},
    }
    Path("testdata/stats/paired_counts.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
