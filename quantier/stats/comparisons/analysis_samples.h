// How much a calibrated configuration depends on which calibration texts were drawn: the same recipe with
// other samples of them, over the same examples.
//
// A description of the samples that were drawn, no test: extremes of a few draws widen with their number, so
// the number stands beside them. The first sample is that of the run, which everything else is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/stats/estimators/flips.h"

namespace quantier {

struct SampleReading {
  std::optional<std::uint64_t> seed;  // absent where the executed plan does not say
  double macro_f1 = 0.0;              // over the classes with examples, as in Quality
  double accuracy = 0.0;
  std::vector<std::optional<double>> tier_accuracy;  // as Analysis::tier_names; absent without examples
  std::optional<double> ece;                         // cross-fitted; absent as in Calibration
  std::optional<FlipCounts> flips;                   // against the reference recipe; absent without its run
};

struct Extent {
  double least = 0.0;
  double most = 0.0;
};

struct SampleSpread {
  std::string model;
  std::string recipe;
  std::string run_key;
  std::string reference_recipe;
  std::uint64_t n = 0;
  std::vector<SampleReading> samples;  // two or more
  Extent macro_f1;
  Extent accuracy;
  std::vector<std::optional<Extent>> tier_accuracy;
  std::optional<Extent> ece;    // absent unless every sample has one
  std::optional<Extent> flips;  // predictions that differ from the reference's, of any kind
  // Predictions in which two samples differ: mean over the pairs, and the pair that differs most.
  double mean_between = 0.0;
  std::uint64_t most_between = 0;
};

}  // namespace quantier
