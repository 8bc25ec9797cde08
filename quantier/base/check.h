// QT_CHECK: an assertion that stays on in every build. For our own bugs only: anything a user can feed in
// becomes an Error.
#pragma once

#include <cstdio>
#include <cstdlib>

#define QT_CHECK(condition, sentence)                                                                      \
  do {                                                                                                     \
    if (!(condition)) [[unlikely]] {                                                                       \
      std::fprintf(stderr, "quantier: bug at %s:%d: %s (%s)\n", __FILE__, __LINE__, sentence, #condition); \
      std::abort();                                                                                        \
    }                                                                                                      \
  } while (false)
