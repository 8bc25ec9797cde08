// The parts of holding one number against the evidence: its place in an interval (match_place.cc), what is
// asked of it (match_question.cc), which facts fit (match_fact.cc), arithmetic on two of them
// (match_arithmetic.cc) and the verdict (match.cc). Only these include this.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/audit/match.h"
#include "quantier/audit/reading.h"

namespace quantier::audit_internal {

inline bool near(double written, double known, double tolerance) {
  return std::fabs(written - known) <= tolerance * (1.0 + 1e-9) + 1e-12;
}

class Matcher {
 public:
  Matcher(const Passage& passage, std::size_t index, const AuditEvidence& evidence,
          const Published& published, const std::vector<std::size_t>& owner);
  [[nodiscard]] NumberFinding check();

 private:
  // Whether nothing but a word or dash of a range stands between this number and the next.
  [[nodiscard]] bool joins_range(std::size_t at) const;
  // "95 % CI low": which end of an interval a column holds.
  static int column_end(std::string_view header);
  // Whether this number and the next stand alone in one pair of brackets.
  [[nodiscard]] bool paired(std::size_t at) const;
  // Not a statement about a measurement.
  [[nodiscard]] bool skipped() const;
  // Whether it is known what kind of quantity this is.
  [[nodiscard]] bool checkable() const;
  // What a passage that speaks of resampled data, or counts per thousand, says its numbers are.
  void read_shares();
  // "p < 0.001", "encoder int8 stays under 5 ms": a bound that nothing it can speak of keeps.
  [[nodiscard]] bool bound_broken(NumberFinding& finding) const;
  [[nodiscard]] bool compares_costs() const;
  // Whether modelled facts are meant: the passage says so, or what stands around it.
  [[nodiscard]] bool says_modelled() const;
  [[nodiscard]] bool only_signs_of_limits() const;
  [[nodiscard]] bool device_fits(const Fact& fact) const;
  [[nodiscard]] bool ratio_fits(const Fact& fact) const;
  // Why an unexplained number may stand.
  [[nodiscard]] std::string excuse() const;
  [[nodiscard]] bool told_of_today() const;
  [[nodiscard]] bool role_fits(const Fact& fact) const;
  [[nodiscard]] double tolerance(const Fact& fact, const Reading& reading) const;
  [[nodiscard]] bool value_fits(const Fact& fact, const Reading& reading) const;
  [[nodiscard]] bool metric_fits_unit(const Fact& fact) const;
  // A plain number is a difference only where something says so.
  [[nodiscard]] bool difference_fits(const Fact& fact) const;
  [[nodiscard]] bool may_be(const Scope& scope) const;
  [[nodiscard]] bool sides_fit(const Fact& fact) const;
  [[nodiscard]] bool matched(const Scope& scope, NumberFinding& finding) const;
  static bool same_subject(const Fact& a, const Fact& b);
  // Ends of the intervals that the owner's facts have; kContradicts when they have some, and none is this.
  [[nodiscard]] bool of_owner(NumberFinding& finding) const;
  // Whether some group of examples or classes has this many members.
  [[nodiscard]] bool is_a_total() const;
  [[nodiscard]] NumberFinding of_spread() const;
  [[nodiscard]] bool is_limit(NumberFinding& finding) const;
  [[nodiscard]] bool any_candidate(const Scope& scope) const;
  // Facts of the same unit and metric with this value, whatever they are about.
  [[nodiscard]] std::vector<std::size_t> anywhere() const;
  // Two facts of the sentence and the arithmetic that people do on them.
  [[nodiscard]] bool derived(NumberFinding& finding) const;
  [[nodiscard]] bool explains(const Fact& a, const Fact& b, bool ratio, bool percent, bool subtraction) const;
  [[nodiscard]] bool counts_what_nobody_named() const;
  // Whether its clause names no metric, and what its names have under another one is this.
  [[nodiscard]] bool of_another_metric() const;
  [[nodiscard]] bool is_room_left() const;
  [[nodiscard]] bool is_worth_of_one() const;
  [[nodiscard]] bool is_gate_value() const;
  // What a number is by the words right beside it, which no fact states (match_kind.cc).
  [[nodiscard]] bool follows_difference() const;
  // "(1.02 ms against 1.88 ms)", "65.3 vs 59.5 at int8": one of two, in brackets or of models that are not
  // named.
  [[nodiscard]] bool stands_in_a_comparison() const;
  // "By 1.8 points of accuracy", "cuts the time by 46 %": the distance to another configuration, which the
  // sentence does not name (match_arithmetic.cc).
  [[nodiscard]] bool differs_from_somebody() const;
  [[nodiscard]] static bool compared_behind(std::string_view behind);
  [[nodiscard]] bool is_share_of_something() const;
  [[nodiscard]] bool is_cost_without_unit() const;
  [[nodiscard]] bool slipped_unit(NumberFinding& finding) const;
  [[nodiscard]] bool seconds_of_milliseconds(NumberFinding& finding) const;
  [[nodiscard]] bool slipped_difference(FactUnit unit) const;
  [[nodiscard]] const PublishedValue* in_published_table() const;
  [[nodiscard]] NumberFinding published_alarm(const PublishedValue& value) const;
  [[nodiscard]] NumberFinding alarm(NumberVerdict verdict, const Scope& scope,
                                    const std::vector<std::size_t>& elsewhere) const;

  const Passage& passage_;
  const std::vector<std::size_t>& owner_;
  const WrittenNumber& number_;
  const AuditEvidence& evidence_;
  const Published& published_;
  NumberScopes scopes_;
  std::vector<Reading> readings_;
  bool resampled_ = false;     // a share of resampled data
  bool per_thousand_ = false;  // counted per thousand
  bool interval_said_ = false;
  bool level_ = false;       // the level of an interval, no measurement
  bool brackets_ = false;    // somewhere in the passage
  bool limit_said_ = false;  // likewise
  bool step_said_ = false;   // a limit that moves, and does not only stand
  int place_ = 0;            // in brackets: 1 the first of two, 2 the second, 0 not known
  mutable const PublishedWork* work_ = nullptr;
};

}  // namespace quantier::audit_internal
