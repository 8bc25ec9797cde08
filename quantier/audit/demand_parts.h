// What the checks of demands share: what has to be covered, the parts of a note in which something can be
// said together, and whether they name what is asked. Only demand*.cc include this.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "quantier/audit/demand.h"

namespace quantier::audit_internal {

inline bool has(const std::vector<std::string>& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

// What has to be covered: one thing and which facts are of it.
struct Target {
  std::string name;
  std::string model = {};   // empty: of none in particular
  std::string recipe = {};  // likewise
  std::string tier = {};
  std::string label = {};
  bool exact_tier = false;  // "all examples" is a tier of its own
  [[nodiscard]] bool is(const Fact& fact) const;
};
[[nodiscard]] std::vector<Target> targets_of(const std::string& each, const AuditEvidence& evidence);

// What a written number may have to be multiplied with to be in the unit of a fact (demand_cover.cc).
[[nodiscard]] std::vector<double> scales_of(const Passage& passage, const WrittenNumber& number,
                                            FactUnit unit);

// Everything said and stated in one window of the note: a sentence, a paragraph, a section.
struct Window {
  std::vector<Mention> mentions;
  std::vector<std::size_t> facts;
  std::string text;
  std::size_t loose_numbers = 0;  // decimal ones that the evidence does not know
  NotePlace place = {};           // of its first passage
  bool only_sentences = true;     // no cell of a table among them
};

class DemandChecker {
 public:
  DemandChecker(const std::vector<Passage>& passages, const std::vector<CheckedNumber>& numbers,
                const AuditEvidence& evidence, const Published& published)
      : passages_(passages), numbers_(numbers), evidence_(evidence), published_(published) {}

  [[nodiscard]] DemandFinding check(const DemandWay& way) const;
  // Where the note speaks of what a demand asks for at all, in whatever words.
  [[nodiscard]] std::optional<NotePlace> speaks_of(const Demand& demand) const;

 private:
  // Numbers (demand_cover.cc, demand_limits.cc).
  [[nodiscard]] DemandFinding cover(const DemandWay& way) const;
  [[nodiscard]] DemandFinding limits() const;
  [[nodiscard]] bool stated(const Target& target, const DemandWay& way,
                            const std::function<bool(const Fact&)>& wanted) const;
  [[nodiscard]] bool within_a_range(const Target& target, const std::vector<std::string>& metrics,
                                    const std::function<bool(const Fact&)>& wanted) const;
  // Where a number stands that may be what is asked for, but was not tied to it: its value is that of a
  // wanted fact, and no name beside it says that it is of something else.
  [[nodiscard]] std::optional<NotePlace> possibly(const Target& target, const DemandWay& way,
                                                  const std::vector<std::string>& metrics,
                                                  const std::function<bool(const Fact&)>& wanted) const;
  [[nodiscard]] bool may_be_of(const Target& target, const CheckedNumber& each,
                               const std::vector<std::string>& metrics,
                               const std::function<bool(const Fact&)>& wanted) const;
  [[nodiscard]] bool in_loose_list(const CheckedNumber& each) const;
  [[nodiscard]] DemandStatus limit_stands(const AuditLimit& limit,
                                          const std::function<bool(const Fact&)>& wanted) const;
  // Statements (demand_statement.cc).
  [[nodiscard]] std::vector<Window> windows_of(const std::string& kind) const;
  [[nodiscard]] bool names_configuration(const Window& window,
                                         const std::function<bool(const AuditConfiguration&)>& wanted) const;
  [[nodiscard]] bool has_fact(const Window& window, const std::function<bool(const Fact&)>& wanted) const;
  [[nodiscard]] bool named(const std::string& name, const Window& window) const;
  [[nodiscard]] bool meets(const DemandWay& way, const Window& window) const;
  [[nodiscard]] DemandFinding statement(const DemandWay& way) const;
  [[nodiscard]] DemandFinding variety(const DemandWay& way) const;
  // Who fails which limit (demand_failures.cc).
  [[nodiscard]] DemandFinding failures() const;
  [[nodiscard]] bool fails_in_a_clause(const AuditConfiguration& one) const;
  // Whether this one is told to pass a limit on this metric, or is by who else is told to fail it.
  [[nodiscard]] bool told_to_pass(const std::string& configuration, const std::string& metric) const;
  [[nodiscard]] bool may_tell_failure(const AuditLimit& limit, const AuditConfiguration& one) const;

  const std::vector<Passage>& passages_;
  const std::vector<CheckedNumber>& numbers_;
  const AuditEvidence& evidence_;
  const Published& published_;
};

}  // namespace quantier::audit_internal
