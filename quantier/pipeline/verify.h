// Do the figures of a note still stand? Each number of note.md that carries a reference is read and held
// against the finding that it names, as the store has it.
//
//  identical  the finding rounds to what is written
//  altered    it does not, although the findings are those that the note was made from: nobody measured or
//  drew
//             anything anew, so the figure was changed in the note, however small the change
//  inside     of other findings (more runs, another store, other limits): the finding rounds to something
//  else,
//             and what is written lies in the interval that it has now, as another sample could read
//  moved      of other findings: neither; or the first number is the same and one behind it (an end of the
//             interval, a count) is not, which a new measurement does not do and an edit does
//  unknown    the store has no such finding, or the figure does not read as numbers
//
// Which findings a note was made from stands in its appendix as a key (findings_key(), a hash over all of
// them). A note without a key, or with that of the findings at hand, is held to the strict reading.
//
// A reference leads to its finding by its anchor, which is made of the names (note/inline.h), so that editing
// the appendix hides nothing. Numbers without a reference are not checked. With `rerun` the findings are
// computed again from the runs of the store, in a copy that leaves the store as it is; models are not run.
// Errors: kUserInput for a note without references and a store without findings; those of files, the store
// and make_report().
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/pipeline/findings.h"

namespace quantier {

enum class FigureState { kIdentical, kAltered, kInside, kMoved, kUnknown };
[[nodiscard]] const char* figure_state_name(FigureState state);  // "identical", "altered", ...

struct VerifiedFigure {
  std::string written;   // "−2.8 [−4.1, −1.2]"
  std::size_t line = 0;  // of the note, from 1
  std::string finding;   // as the note names it, where the store does not know it; may then be empty
  std::string field;     // empty: the estimate
  FigureState state = FigureState::kUnknown;
  std::vector<double> now;  // the numbers of the field
  std::optional<std::pair<double, double>> interval = {};
  std::string why = {};  // for kUnknown, kAltered and kMoved
};

// In the order of the note; a figure of the appendix only where the prose and tables do not have it so.
// `same_findings`: what is not identical was altered.
[[nodiscard]] std::vector<VerifiedFigure> verify_figures(std::string_view markdown,
                                                         const std::vector<Finding>& findings,
                                                         bool same_findings);
// The key of findings that a note names in its appendix; empty when it names none.
[[nodiscard]] std::string findings_key_in(std::string_view markdown);

struct VerifyOptions {
  std::filesystem::path note;
  std::filesystem::path store;
  bool rerun = false;
  std::filesystem::path config;  // to analyse by, with `rerun`; empty: as the store was last run
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct Verification {
  std::string note;
  std::string store;
  bool rerun = false;
  std::vector<VerifiedFigure> figures;
  std::string note_key = {};   // of the findings that the note was made from; empty: it does not say
  std::string store_key = {};  // of those it was held against
  [[nodiscard]] bool same_findings() const { return note_key.empty() || note_key == store_key; }

  [[nodiscard]] std::size_t count(FigureState state) const;
  // Altered, moved or unknown.
  [[nodiscard]] std::size_t to_look_at() const;
};

[[nodiscard]] Result<Verification> verify_note(const VerifyOptions& options);

// What is not identical, a line each, then the counts.
[[nodiscard]] std::string verification_text(const Verification& verification, bool all);
[[nodiscard]] Json verification_json(const Verification& verification);

}  // namespace quantier
