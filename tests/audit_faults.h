// Faults planted into a note, by a seed: what an audit has to catch. Shared by tests/audit_notes_test.cc and
// bench/audit_faults.cc.
//
// An operator changes the source of a note so that it states something false, stops showing something
// demanded, or says more than the evidence carries; it knows nothing of how the audit works. It gives nullopt
// where a note offers no place for it. Sentences that are put in come from a data file, in sets by when they
// were written, so that those the audit was made with are apart from those it is measured with.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/audit_fit_faults.h"
#include "tests/audit_number_faults.h"
#include "tests/audit_phrase_faults.h"
#include "tests/audit_removal_faults.h"
#include "tests/audit_swap_faults.h"
#include "tests/audit_word_faults.h"

namespace quantier::testing {

using FaultFunction = std::function<std::optional<std::string>(NoteSource&, FaultContext&)>;
struct FaultOperator {
  const char* name;
  FaultFunction plant;
  const char* phrases = nullptr;  // the kind of sentence that it puts in; null: it changes what is there
  bool only_measured = false;     // too little of it is caught yet to be demanded of a test
};

inline std::vector<FaultOperator> fault_operators() {
  const auto phrase = [](const char* name, const char* kind) {
    return FaultOperator{
        name, [kind](NoteSource& note, FaultContext& context) { return inserted(note, context, kind); },
        kind};
  };
  return {{"changed digit", changed_digit, nullptr},
          {"changed count", changed_count, nullptr, true},
          {"changed per cent", changed_percent, nullptr, true},
          {"changed interval", changed_interval, nullptr},
          {"changed limit", changed_limit, nullptr},
          {"changed unit", changed_unit, nullptr},
          {"flipped sign", flipped_sign, nullptr},
          {"swapped tier", swapped_tier, nullptr},
          {"swapped model", swapped_model, nullptr},
          {"swapped precision", swapped_precision, nullptr},
          {"exchanged names", exchanged_names, nullptr},
          {"missing precision", missing_precision, nullptr},
          {"dominated unnamed", dominated_unnamed, nullptr},
          {"missing intervals", missing_intervals, nullptr},
          {"missing gate", missing_gate, nullptr},
          {"missing breakpoints", missing_breakpoints, nullptr, true},
          {"in-sample as held-out", in_sample_as_held_out, nullptr},
          {"modelled told as measured", modelled_word_dropped, nullptr},
          {"stronger verdict", stronger_verdict, nullptr},
          {"wrong name of outcome", wrong_outcome_name, nullptr},
          {"opposite word", opposite_word, nullptr, true},
          {"published as own", published_as_own, nullptr},
          phrase("overclaim", "overclaim"),
          phrase("modelled as measured", "modelled"),
          phrase("ratio out of scope", "out-of-scope"),
          phrase("invented number", "invented"),
          phrase("wrong outcome", "outcome"),
          phrase("wrong order", "order")};
}

}  // namespace quantier::testing
