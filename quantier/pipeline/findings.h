// Every finding by a name, with what a reader needs to repeat it: estimate, interval, method, seed, verdict,
// the runs behind it, and the arithmetic from the counts, line by line. Kept in the store with the decision;
// `quantier explain` prints one.
//
// Names are "model/recipe/part/what": "encoder/int4/tail/accuracy", "encoder/int4/ece",
// "encoder/int4/ece-residual", "encoder/int4/macro-f1", "encoder/int4/macro-f1/decoder/fp16" (a difference).
// Nothing is computed here but what the arithmetic spells out.
// Errors: kCorruptData with the store when what it holds does not read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

struct Finding {
  std::string name;
  std::string statement;  // one sentence
  double estimate = 0.0;
  std::optional<Interval> interval;
  std::uint64_t n = 0;
  std::optional<std::uint64_t> seed;  // of the replicates, where any were drawn
  std::string verdict;                // "directional, undetermined"; empty where there is none to give
  bool exploratory = false;           // not in the family that was declared before measuring
  std::vector<std::string> runs;      // keys
  std::vector<std::pair<std::string, std::string>> arithmetic;  // what, how
};

// In the order of the note: accuracy by tier, macro-F1, calibration, contrasts.
[[nodiscard]] std::vector<Finding> findings_of(const Analysis& analysis);

[[nodiscard]] Json findings_to_json(const std::vector<Finding>& findings);
[[nodiscard]] Result<std::vector<Finding>> findings_from_json(std::string_view text, std::string_view source);

// The name under which a store keeps those of its latest report.
inline constexpr const char* kFindingsSetting = "findings";

}  // namespace quantier
