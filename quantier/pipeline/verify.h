// Do the figures of a note still stand? Each number of note.md that carries a reference is read and held
// against the finding that it names, as the store has it.
//
//  identical  the finding rounds to what is written
//  inside     it rounds to something else, and what is written lies in the interval that the finding has now:
//             another sample of the same evidence could read so
//  moved      neither; or the first number is the same and one behind it (an end of the interval, a count)
//             is not, which a new measurement does not do and an edit does
//  unknown    the store has no such finding, or the figure does not read as numbers
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

enum class FigureState { kIdentical, kInside, kMoved, kUnknown };
[[nodiscard]] const char* figure_state_name(FigureState state);  // "identical", "inside", "moved", "unknown"

struct VerifiedFigure {
  std::string written;   // "−2.8 [−4.1, −1.2]"
  std::size_t line = 0;  // of the note, from 1
  std::string finding;   // as the note names it, where the store does not know it; may then be empty
  std::string field;     // empty: the estimate
  FigureState state = FigureState::kUnknown;
  std::vector<double> now;  // the numbers of the field
  std::optional<std::pair<double, double>> interval = {};
  std::string why = {};  // for kUnknown and kMoved
};

// In the order of the note; a figure of the appendix only where the prose and tables do not have it so.
[[nodiscard]] std::vector<VerifiedFigure> verify_figures(std::string_view markdown,
                                                         const std::vector<Finding>& findings);

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

  [[nodiscard]] std::size_t count(FigureState state) const;
  // Moved or unknown.
  [[nodiscard]] std::size_t to_look_at() const;
};

[[nodiscard]] Result<Verification> verify_note(const VerifyOptions& options);

// What is not identical, a line each, then the counts.
[[nodiscard]] std::string verification_text(const Verification& verification, bool all);
[[nodiscard]] Json verification_json(const Verification& verification);

}  // namespace quantier
