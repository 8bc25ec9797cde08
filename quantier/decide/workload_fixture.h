// The measured table of the reference workload: two models at three precisions on one T4, batch 32. Shared by
// the tests of decide/ and note/.
#pragma once

#include <string>
#include <vector>

#include "quantier/decide/decision.h"

namespace quantier::workload_fixture {

inline std::vector<Candidate> candidates() {
  struct Row {
    const char* model;
    const char* recipe;
    double f1, ms, gigabytes, ece;
  };
  const Row rows[] = {
      {"encoder", "fp16", 0.210, 2.31, 0.41, 0.040},  {"encoder", "int8", 0.207, 5.80, 0.59, 0.039},
      {"encoder", "int4", 0.212, 3.19, 0.62, 0.027},  {"decoder", "fp16", 0.240, 5.05, 1.15, 0.069},
      {"decoder", "int8", 0.240, 12.65, 1.87, 0.072}, {"decoder", "int4", 0.221, 7.92, 1.89, 0.070}};
  std::vector<Candidate> list;
  for (const Row& row : rows) {
    Candidate candidate;
    candidate.model = row.model;
    candidate.recipe = row.recipe;
    candidate.name = candidate.model + " " + candidate.recipe;
    candidate.run_key = "run-" + candidate.model.substr(0, 3) + "-" + candidate.recipe;
    candidate.macro_f1 = row.f1;
    candidate.ms_per_example = row.ms;
    candidate.memory_bytes = row.gigabytes * 1e9;
    candidate.ece = row.ece;
    list.push_back(candidate);
  }
  return list;
}

inline Envelope envelope() {
  Envelope limits;
  limits.device = "one NVIDIA T4 (16 GB)";
  limits.requests_per_second = 100.0;
  limits.macro_f1_min = 0.20;
  limits.ece_max = 0.05;
  limits.prior = {"ship the decoder, its F1 is higher", "decoder", "", "macro-F1"};
  return limits;
}

}  // namespace quantier::workload_fixture
