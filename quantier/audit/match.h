// A number of a note against the evidence.
//
// Explained by a fact that its narrow scope allows, or by arithmetic on two facts of its sentence (a ratio of
// times, a difference of errors): sourced. Explained by nothing, where the evidence has a fact for exactly
// what it speaks of: it contradicts. Everything that grammar does not settle is "not checked": an alarm has
// to be right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "quantier/audit/published.h"
#include "quantier/audit/scope.h"

namespace quantier {

enum class NumberVerdict : std::uint8_t {
  kSourced,      // a fact says so
  kDerived,      // two facts of its sentence do
  kContradicts,  // the evidence says another number
  kElsewhere,    // the evidence says it of something else: swapped
  kPublished,    // only a published table has it: not a measurement of one's own
  kUnsourced,    // nothing in the evidence measures this
  kNotChecked,   // a convention, a hypothesis, or a sentence that is not understood
};
[[nodiscard]] const char* number_verdict_name(NumberVerdict verdict);
[[nodiscard]] constexpr bool is_alarm(NumberVerdict verdict) {
  return verdict == NumberVerdict::kContradicts || verdict == NumberVerdict::kElsewhere ||
         verdict == NumberVerdict::kPublished || verdict == NumberVerdict::kUnsourced;
}

struct NumberFinding {
  NumberVerdict verdict = NumberVerdict::kNotChecked;
  std::vector<std::size_t> facts;  // into AuditEvidence::facts: what explains it
  std::string why = {};          // for a person: what the evidence says instead, or why nothing could be said
  bool metric_is_known = false;  // what is measured was said, not guessed from the value
  bool set_aside = false;  // known to be no measurement of one's own: a convention, a supposition, cited
};

// A number of the note with what it was found to be.
struct CheckedNumber {
  std::size_t passage = 0;
  std::size_t number = 0;
  NumberFinding finding;
};

// `owner`: what the number before its brackets was found to be; empty outside of brackets.
[[nodiscard]] NumberFinding check_number(const Passage& passage, std::size_t number,
                                         const AuditEvidence& evidence, const Published& published,
                                         const std::vector<std::size_t>& owner = {});

}  // namespace quantier
