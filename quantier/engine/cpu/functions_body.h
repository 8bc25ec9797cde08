// exp, erf and the activations over a vector type V (kernels_body.h), the same steps for each, so that all
// tables of kernels give the same bits. Included inside the anonymous namespace of a source file, after V.

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

// An odd rational function of degrees 11 and 10, fitted to absolute error (iteratively reweighted least
// squares on Chebyshev nodes) up to where erf is 1 in float.
template <class V>
inline V erf_of(V x) {
  const V z = max(min(x, V::all(3.8325069F)), V::all(-3.8325069F));
  const V u = z * z;
  V p = V::all(2.105039422e-06F);
  p = fma(p, u, V::all(2.877023489e-04F));
  p = fma(p, u, V::all(3.737342038e-03F));
  p = fma(p, u, V::all(5.267407143e-02F));
  p = fma(p, u, V::all(1.892990857e-01F));
  p = fma(p, u, V::all(1.128379063e+00F));
  V q = V::all(3.880495768e-05F);
  q = fma(q, u, V::all(1.162068262e-03F));
  q = fma(q, u, V::all(1.491008727e-02F));
  q = fma(q, u, V::all(1.137171117e-01F));
  q = fma(q, u, V::all(5.010940649e-01F));
  q = fma(q, u, V::all(1.0F));
  // Exactly -1 where it is: a GELU would multiply what is left with a large number.
  return select(below(x, V::all(-3.8325069F)), V::all(-1.0F), z * p / q);
}

template <class V>
inline V gelu_of(V x) {
  return V::all(0.5F) * x * (V::all(1.0F) + erf_of(x * V::all(0.70710678F)));
}

template <class V>
inline V silu_of(V x) {
  return x / (V::all(1.0F) + exp_of(V::all(0.0F) - x));
}
