"""Fits the rational function behind erf in quantier/engine/cpu/functions_body.h and prints its coefficients and errors.

    python3 tools/fit_erf.py        needs numpy

erf(z) = z P(z^2) / Q(z^2) for |z| <= LIMIT, where erf is 1 to half a unit of float beyond. Lawson's iteration: weighted
least squares on Chebyshev nodes, the weights multiplied each time by the error they left, which levels the error.
"""

from math import erf, pi, sqrt

import numpy as np

LIMIT = 3.8325069
P_DEGREE = 5
Q_DEGREE = 5
NODES = 4000
ROUNDS = 60


def fit():
    nodes = (np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES) + 1) / 2  # of (z / LIMIT)^2
    z = LIMIT * np.sqrt(nodes)
    target = np.array([erf(value) / value if value > 1e-9 else 2 / sqrt(pi) for value in z])
    importance = z + 1e-3  # an error of erf, not of erf(z) / z
    lawson = np.ones(NODES)
    q = np.ones(NODES)
    p_powers = np.vander(nodes, P_DEGREE + 1, increasing=True)
    q_powers = np.vander(nodes, Q_DEGREE + 1, increasing=True)[:, 1:]
    for _ in range(ROUNDS):
        weight = importance * lawson / np.abs(q)
        matrix = np.concatenate([p_powers, -target[:, None] * q_powers], axis=1)
        solution = np.linalg.lstsq(matrix * weight[:, None], target * weight, rcond=None)[0]
        q = 1 + q_powers @ solution[P_DEGREE + 1 :]
        error = np.abs(p_powers @ solution[: P_DEGREE + 1] / q - target) * importance
        lawson *= 0.5 + error / error.max()
        lawson /= lawson.mean()
    square = LIMIT * LIMIT
    p = solution[: P_DEGREE + 1] / square ** np.arange(P_DEGREE + 1)
    q = np.concatenate([[1.0], solution[P_DEGREE + 1 :]]) / square ** np.arange(Q_DEGREE + 1)
    return p, q, error.max()


def in_float(coefficients, u):
    """Horner's rule with one rounding a step, as fused multiply-adds do."""
    value = np.full_like(u, np.float32(coefficients[-1]))
    for coefficient in coefficients[-2::-1]:
        value = (value.astype(np.float64) * u + np.float32(coefficient)).astype(np.float32)
    return value


def main():
    p, q, error = fit()
    x = np.linspace(-6, 6, 400_001).astype(np.float32)
    z = np.clip(x, -np.float32(LIMIT), np.float32(LIMIT))
    u = z * z
    fast = (z * in_float(p, u)) / in_float(q, u)
    truth = np.array([erf(float(value)) for value in x])
    print("p:", ", ".join(f"{value:.9e}F" for value in p))
    print("q:", ", ".join(f"{value:.9e}F" for value in q))
    print(f"largest absolute error: {error:.2e} of the fit, {np.abs(fast - truth).max():.2e} in float")


if __name__ == "__main__":
    main()
