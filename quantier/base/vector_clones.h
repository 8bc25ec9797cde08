// QT_VECTOR_CLONES before a function of plain loops: the compiler makes it once for each vector width and the
// loader picks one. For loops whose lanes are independent, so that all clones agree to the bit (products and
// sums are never fused: -ffp-contract=off). The thread sanitizer starts after the loader has asked which
// clone to take, so there it is left out.
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define QT_NO_VECTOR_CLONES
#endif
#endif

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(QT_NO_VECTOR_CLONES)
#define QT_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define QT_VECTOR_CLONES
#endif
