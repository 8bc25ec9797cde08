// Every finding by a name, with what a reader needs to repeat it: estimate, interval, method, seed, verdict,
// the runs behind it, and the arithmetic from the counts, line by line. Kept in the store with the decision;
// `quantier explain` prints one.
//
// Names are "model/recipe/part/what": "encoder/int4/tail/accuracy", "encoder/int4/ece",
// "encoder/int4/ece-residual", "encoder/int4/macro-f1", "encoder/int4/macro-f1/decoder/fp16" (a difference),
// "encoder/int4-gptq/calibration-samples",
// "encoder/int4/time", "encoder/int4/memory" (as the decision reads them; "/time/latency" and so on by
// protocol and definition), "decision/encoder/int4/ECE" (a limit), "decision/stability".
// A finding has fields: the numbers that a note cites (note/cited.h), in the order in which it writes them.
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
#include "quantier/decide/decision.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

// Fractions, milliseconds and bytes, but percentage points where the note writes points.
struct FindingField {
  std::string name;  // "delta"; empty: the estimate
  std::vector<double>
      numbers;  // as a note writes them, one behind the other; it may leave out those at the end
  // Of the first number; a figure inside it was as good a reading of the same evidence.
  std::optional<std::pair<double, double>> interval = {};
};

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
  std::vector<FindingField> fields = {};                        // beside the estimate
};

// The named field; the empty name is the estimate with its interval unless `fields` says otherwise. nullopt
// for one that the finding does not have.
[[nodiscard]] std::optional<FindingField> field_of(const Finding& finding, std::string_view name);

// In the order of the note: accuracy by tier, macro-F1, calibration, contrasts.
[[nodiscard]] std::vector<Finding> findings_of(const Analysis& analysis);
// Those, then what the decision rests on: costs as it reads them, limits, shares of resampled data.
[[nodiscard]] std::vector<Finding> findings_of(const Analysis& analysis, const Decision& decision);

[[nodiscard]] Json findings_to_json(const std::vector<Finding>& findings);
[[nodiscard]] Result<std::vector<Finding>> findings_from_json(std::string_view text, std::string_view source);

// The name under which a store keeps those of its latest report.
inline constexpr const char* kFindingsSetting = "findings";
// Twelve hexadecimal digits over every digit of every finding: two notes with the same one were made from the
// same numbers. It stands in the appendix of a note, in the row of this name.
[[nodiscard]] std::string findings_key(const std::vector<Finding>& findings);
inline constexpr const char* kFindingsKeyRow = "Findings";
// The row of a note's appendix that holds the key.
[[nodiscard]] std::pair<std::string, std::string> findings_key_row(const std::vector<Finding>& findings);

}  // namespace quantier
