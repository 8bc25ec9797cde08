// Small runs made by hand, for the tests of the analysis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "quantier/record/run.h"

namespace quantier::analysis_fixture {

// Logits that put `prediction` first by 3; nothing else about them matters.
inline Run make_run(const std::string& model, const std::string& recipe, std::size_t class_count,
                    const std::vector<std::int32_t>& labels, const std::vector<std::int32_t>& predictions) {
  Run run;
  run.configuration = {model, recipe, "cpu"};
  run.key = model + "-" + recipe;
  run.split = "validation";
  run.requested_batch_size = 32;
  run.effective_batch_size = 32;
  run.predictions.example_count = labels.size();
  run.predictions.class_count = class_count;
  run.predictions.labels = labels;
  for (std::size_t c = 0; c < class_count; ++c) {
    run.predictions.label_names.push_back("class" + std::to_string(c));
  }
  for (const std::int32_t prediction : predictions) {
    for (std::size_t c = 0; c < class_count; ++c) {
      run.predictions.logits.push_back(static_cast<std::int32_t>(c) == prediction ? 3.0F : 0.0F);
    }
  }
  return run;
}

inline TimingSample sample(TimingProtocol protocol, std::int64_t wall_ns, std::uint64_t examples,
                           bool warm_up = false) {
  TimingSample timing;
  timing.protocol = protocol;
  timing.batch_size = 32;
  timing.examples = examples;
  timing.tokenize_ns = wall_ns / 4;
  timing.wall_ns = wall_ns;
  timing.warm_up = warm_up;
  return timing;
}

}  // namespace quantier::analysis_fixture
