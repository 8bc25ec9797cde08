// What this machine's multipliers do at best, now: all threads at once run a loop of independent
// multiply-adds on registers, for about two milliseconds a kind. Two operations a multiply-add, as for the
// models. Rates are per second of processor time, added up over the threads: what others take of a shared
// machine is not in them.
#pragma once

#include "quantier/base/thread_pool.h"

namespace quantier {

struct MachinePeak {
  double f32_per_second = 0;
  double bf16_per_second = 0;  // vdpbf16ps; that of float where there is none
  double int8_per_second = 0;  // vpdpbusd; that of float where there is none
};

[[nodiscard]] MachinePeak measure_machine_peak(ThreadPool& pool);

}  // namespace quantier
