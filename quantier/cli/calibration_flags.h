// Options of every command that may run a recipe that looks at calibration texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "quantier/pipeline/calibration_set.h"

namespace quantier::cli {

struct CalibrationFlags {
  std::optional<std::filesystem::path> file;
  std::optional<std::uint64_t> count;
  std::uint64_t seed = 0;
  std::uint64_t tokens = kCalibrationTokens;
  std::string overlap = "refuse";
};

// --calibration and its --calibration-*. `flags` must live as long as the parser.
void add_calibration_flags(CLI::App& command, CalibrationFlags& flags);
// Nothing when no file was given.
[[nodiscard]] std::optional<CalibrationOptions> calibration_options(const CalibrationFlags& flags,
                                                                    const std::string& text_column);

}  // namespace quantier::cli
