// What this machine's multipliers do at best, now: all threads at once run a loop of independent
// multiply-adds on registers, for about two milliseconds a kind. Two operations a multiply-add, as for the
// models. Rates are per second of processor time, added up over the threads: what others take of a shared
// machine is not in them.
#pragma once

#include "quantier/base/thread_pool.h"

namespace quantier {

struct MachinePeak {
  double f32_per_second = 0;
  double bf16_per_second = 0;  // tdpbf16ps or vdpbf16ps; that of float where there is neither
  // tdpbusd or vpdpbusd; where there is neither, vpmaddwd and the addition behind it on codes of 16 bits
  // (weights of four bits can do with less than that, engine/cpu/products_avx2.h, and come out above it)
  double int8_per_second = 0;
};

[[nodiscard]] MachinePeak measure_machine_peak(ThreadPool& pool);

}  // namespace quantier
