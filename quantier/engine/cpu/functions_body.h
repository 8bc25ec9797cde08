// exp, erf and the activations over a vector type V (kernels_body.h), the same steps for each, so that all tables
// of kernels give the same bits. Included inside the anonymous namespace of a source file, after V.

template <class V>
inline V exp_of(V x) {
  const V clamped = max(min(x, V::all(88.0F)), V::all(-87.0F));
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
  const V shifted = fma(clamped, V::all(1.44269504F), V::all(12582912.0F));
  const V n = shifted - V::all(12582912.0F);
  const V r = fma(n, V::all(2.12194440e-4F), fma(n, V::all(-0.693359375F), clamped));
  V p = V::all(1.0F / 720.0F);
  p = fma(p, r, V::all(1.0F / 120.0F));
  p = fma(p, r, V::all(1.0F / 24.0F));
  p = fma(p, r, V::all(1.0F / 6.0F));
  p = fma(p, r, V::all(0.5F));
  p = fma(p, r, V::all(1.0F));
  p = fma(p, r, V::all(1.0F));
  return select(below(x, V::all(-87.0F)), V::all(0.0F), p * power_of_two(shifted));
}

template <class V>
inline V erf_of(V x) {
  const V a = absolute(x);
  const V t = V::all(1.0F) / fma(V::all(0.3275911F), a, V::all(1.0F));
  V p = V::all(1.061405429F);
  p = fma(p, t, V::all(-1.453152027F));
  p = fma(p, t, V::all(1.421413741F));
  p = fma(p, t, V::all(-0.284496736F));
  p = fma(p, t, V::all(0.254829592F));
  const V y = V::all(1.0F) - p * t * exp_of(V::all(0.0F) - a * a);
  return select(below(x, V::all(0.0F)), V::all(0.0F) - y, y);
}

template <class V>
inline V gelu_of(V x) { return V::all(0.5F) * x * (V::all(1.0F) + erf_of(x * V::all(0.70710678F))); }

template <class V>
inline V silu_of(V x) { return x / (V::all(1.0F) + exp_of(V::all(0.0F) - x)); }
