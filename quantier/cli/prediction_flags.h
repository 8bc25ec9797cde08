// Options of every command that reads predictions of other programs: which keys hold what, whether the
// numbers are logits, and what becomes of rows that hold none.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "quantier/dataset/prediction_file.h"

namespace quantier::cli {

struct PredictionFlags {
  std::vector<std::string> maps;
  std::string scores = "auto";
  std::string nan = "refuse";
};

// --map, --scores and --nan. `flags` must live as long as the parser.
void add_prediction_flags(CLI::App& command, PredictionFlags& flags, const std::string& map_help);
// What they say, added to `options`.
[[nodiscard]] Status apply(const PredictionFlags& flags, PredictionOptions& options);

}  // namespace quantier::cli
