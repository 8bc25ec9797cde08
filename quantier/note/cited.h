// The names under which the sections cite their numbers: those of the findings in pipeline/findings*.cc,
// which `quantier explain` lists and `quantier verify` reads.
//
// One citation may hold several numbers of one field, in its order: "−2.8 [−4.1, −1.2]" is the change with
// its interval, "11 lost and 4 gained of 283" its flips. A field may print fewer than it has, from the front.
// A dash is cited as nothing.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/note/input.h"

namespace quantier::note_internal {

// Numbers of one configuration: "model/recipe/what".
class Cites {
 public:
  Cites(const std::string& model, const std::string& recipe, const std::string& run_key)
      : model_(model), recipe_(recipe), run_key_(run_key) {}
  explicit Cites(const Candidate& candidate) : Cites(candidate.model, candidate.recipe, candidate.run_key) {}
  // `what`: "tail/accuracy"; `field`: "delta", or empty for the estimate.
  [[nodiscard]] std::string operator()(std::string_view what, std::string_view field, std::string_view text,
                                       const std::string& detail = {}) const;

 private:
  std::string model_;
  std::string recipe_;
  std::string run_key_;
};

// Of any row that names its configuration and run.
template <class Row>
[[nodiscard]] Cites cites_of(const Row& row) {
  return Cites(row.model, row.recipe, row.run_key);
}
// Of a row without a run: that of the candidate.
[[nodiscard]] Cites cites_of(const Decision& decision, const std::string& model, const std::string& recipe);

// What the decision says over all configurations: "decision/what".
[[nodiscard]] std::string cite_decision(std::string_view what, std::string_view field, std::string_view text);
// A limit by name, once for each: "ECE", "tail accuracy", "memory (2)" for the second on one metric.
[[nodiscard]] std::string limit_name(const Decision& decision, std::size_t constraint);
// What configuration i has to say to limit c: "decision/model/recipe/ECE".
[[nodiscard]] std::string cite_check(const Decision& decision, std::size_t i, std::size_t c,
                                     std::string_view field, std::string_view text);
// Among the steps of its limit, from 1: "step 2"; empty for one that is not the decision's.
[[nodiscard]] std::string step_name(const Decision& decision, const Relaxation& relaxation);
// The paired difference first minus second, whichever way round the finding has it; without one, that of two
// stated numbers, or the text.
[[nodiscard]] std::string cite_lead(const std::vector<QualityDifference>& differences, const Candidate& first,
                                    const Candidate& second, std::string_view text);
[[nodiscard]] std::string cite_lead(const Decision& decision, const QualityDifference& lead,
                                    std::string_view text);

// What an imported file reported earlier: "earlier/encoder fp16/ECE after temperature", the second of a name
// "... (2)". Findings and note name it the same way.
[[nodiscard]] std::string earlier_name(const std::vector<NoteEarlier>& rows, std::size_t index);
[[nodiscard]] std::string cite_earlier(const std::vector<NoteEarlier>& rows, std::size_t index,
                                       std::string_view text);

// The smallest and the largest of several cited numbers: "0.21 to 0.35", or one where both read the same.
struct CitedExtent {
  double low = HUGE_VAL;
  double high = -HUGE_VAL;
  std::string low_text;
  std::string high_text;
  void add(double value, std::string cited);
  [[nodiscard]] std::string text(std::string_view between = " to ") const;
};

// "−2.8 [−4.1, −1.2]" in points, cited as the change of accuracy in a tier; without interval, "−2.8".
[[nodiscard]] std::string cited_points(const NoteTierDelta& delta, bool interval = false);
// "11 lost and 4 gained of 283", cited.
[[nodiscard]] std::string cited_flips(const NoteTierDelta& delta);

}  // namespace quantier::note_internal
