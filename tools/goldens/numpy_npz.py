"""Writes testdata/dataset/numpy.npz: one array of each type that read_npz knows, as NumPy itself stores it."""
import pathlib

import numpy as np

out = pathlib.Path(__file__).resolve().parents[2] / "testdata/dataset/numpy.npz"
out.parent.mkdir(parents=True, exist_ok=True)
arrays = {
    "f2": np.array([[0.5], [-2.0]], np.float16),
    "f4": np.array([[0.5], [-2.0]], np.float32),
    "f8": np.float64(0.1),
    "b1": np.array([True, False]),
    "text": np.array(["a", "café", ""]),
    "bytes": np.array([b"ab", b"c"]),
}
for width in (1, 2, 4, 8):
    arrays[f"i{width}"] = np.array([-3, 7], f"<i{width}")
    arrays[f"u{width}"] = np.array([200, 0], f"<u{width}")
np.savez_compressed(out, **arrays)
