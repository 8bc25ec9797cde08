// What others stated of configurations whose predictions are not here: read as it was written, in no
// analysis. A note over nothing else is `only`; beside runs, these are the configurations that nobody ran
// here.
//
// Fractions are 0..1, time milliseconds an example, memory bytes. Every number keeps how many digits were
// written and where.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace quantier {

struct NoteStated {
  double value = 0.0;
  std::optional<int> decimals;  // digits after the point as written; absent: written in full
  std::string source;           // "summary.csv, line 3, column macro_f1"
};

struct NoteReportedConfiguration {
  std::string model;
  std::string recipe;
  std::optional<NoteStated> accuracy = {};
  std::optional<NoteStated> macro_f1 = {};
  std::optional<NoteStated> ms_per_example = {};
  std::optional<NoteStated> memory_gb = {};  // 1e9 bytes
  std::optional<NoteStated> ece_before = {};
  std::optional<NoteStated> temperature = {};
  std::optional<NoteStated> ece_after = {};
  [[nodiscard]] std::string display() const { return recipe.empty() ? model : model + " " + recipe; }
};

// Of a tier or a class: the change of accuracy against a baseline, or a value of its own.
struct NoteReportedPart {
  std::string model;
  std::string recipe;  // empty: not stated
  std::string tier;
  std::string label;
  std::string quantity;  // "accuracy", "change of accuracy", "probability of the true class"
  std::string finding;   // as `quantier explain` names it
  NoteStated value;
  std::optional<double> low = {};  // the ends of an interval, as stated; how it was drawn is not known
  std::optional<double> high = {};
  std::optional<double> n = {};
  [[nodiscard]] std::string display() const { return recipe.empty() ? model : model + " " + recipe; }
};

struct NoteReported {
  bool only = false;   // there is no run at all
  std::string device;  // declared; empty: time and memory pass no limit
  std::string folder;  // where the store lies, for the commands that would fill a gap
  std::vector<NoteReportedConfiguration> configurations;
  std::vector<NoteReportedPart> parts;
};

}  // namespace quantier
