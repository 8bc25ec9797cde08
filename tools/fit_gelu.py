"""Fits the polynomial behind gelu of the CUDA kernels (quantier/engine/cuda/element.cuh).

    python3 tools/fit_gelu.py        needs numpy and scipy

The share of the normal distribution beyond u >= 0 is exp(-u^2 / 2) * t P(t) with t = 1 / (1 + SCALE u), the form of Hastings
(1955, "Approximations for Digital Computers", sheet 43), fitted anew to the relative error, so that small results keep
their digits. Lawson's iteration: weighted least squares, the weights multiplied each time by the error they left.
"""

import numpy as np
from scipy.special import erfcx

TERMS = 6
LARGEST = 16.0  # beyond it exp(-u^2 / 2) is 0
ROUNDS = 80


def fit(scale, u, share):
    t = 1 / (1 + scale * u)
    powers = np.stack([t**k for k in range(1, TERMS + 1)], 1) / share[:, None]
    weight = np.ones(len(u))
    for _ in range(ROUNDS):
        coefficients = np.linalg.lstsq(powers * weight[:, None], weight, rcond=None)[0]
        error = np.abs(powers @ coefficients - 1)
        weight *= np.sqrt(error / error.max() + 1e-3)
        weight = np.maximum(weight / weight.max(), 1e-6)
    return np.abs(powers @ coefficients - 1).max(), coefficients


def main():
    u = np.concatenate([np.linspace(0, 6, 3000), np.linspace(6, LARGEST, 800)])
    share = 0.5 * erfcx(u / np.sqrt(2))
    fits = [(*fit(scale, u, share), scale) for scale in np.arange(0.15, 0.5, 0.01)]
    error, coefficients, scale = min(fits, key=lambda found: found[0])
    print(f"scale {scale:.2f}, largest relative error {error:.2e}")
    for power, value in enumerate(coefficients, 1):
        print(f"t^{power}: {value:.9e}")


if __name__ == "__main__":
    main()
