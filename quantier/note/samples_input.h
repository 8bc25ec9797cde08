// How much a calibrated configuration moves with the texts that it is calibrated on.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace quantier {

struct NoteExtent {
  double least = 0.0;
  double most = 0.0;
};

struct NoteSampleSpread {
  std::string model;
  std::string recipe;
  std::string baseline;
  std::string run_key;
  std::size_t samples = 0;  // with the one that is decided by
  std::size_t examples = 0;
  NoteExtent macro_f1;
  NoteExtent accuracy;
  std::vector<std::optional<NoteExtent>> tier_accuracy;  // as NoteInput::tier_names
  std::optional<NoteExtent> ece;                         // after temperature, cross-fitted
  std::optional<NoteExtent> flips;                       // predictions that differ from the baseline's
  double mean_between = 0.0;                             // predictions in which two samples differ
  std::size_t most_between = 0;
};

}  // namespace quantier
