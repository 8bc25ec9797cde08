// Everything the note may say: a decision and the findings behind it, as numbers somebody else computed.
//
// The note formats and orders; it computes no statistic. Fractions are 0..1 (accuracy, ECE, deltas), verdicts
// are the words of stats/ ("established", "directional", "unresolved") and so is the size of an effect
// ("negligible", "material", "undetermined"). Absent numbers print as a dash, never as zero.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quantier/decide/decision.h"
#include "quantier/decide/promises.h"
#include "quantier/note/class_input.h"
#include "quantier/note/hardware_input.h"
#include "quantier/note/reported_input.h"
#include "quantier/note/samples_input.h"

namespace quantier {

// Accuracy of one configuration in one tier against the same model's baseline, paired by example.
struct NoteTierDelta {
  std::string model;
  std::string recipe;
  std::string baseline;
  std::string tier;
  std::size_t examples = 0;
  double delta = 0.0;
  double low = 0.0;  // 95 % interval
  double high = 0.0;
  std::size_t lost = 0;    // right -> wrong
  std::size_t gained = 0;  // wrong -> right
  std::string verdict;
  std::string materiality;
  std::string run_key;
  std::optional<double> holm_p = {};       // over all comparisons of this note
  std::optional<double> replication = {};  // probability that another split of this size shows the same sign
  std::optional<double> detectable = {};   // smallest net change that this many examples could have shown
  // Share of all ways to halve the examples in which both halves show the sign of the whole; no part of the
  // verdict.
  std::optional<double> half_splits_agree = {};
  struct SecondSplit {
    std::string split;
    std::size_t examples = 0;
    double delta = 0.0;
    std::size_t lost = 0;
    std::size_t gained = 0;
    bool repeats = false;  // the same sign, beyond chance
  };
  std::optional<SecondSplit> second_split = {};  // takes the place of `replication`
  std::optional<std::size_t> n_to_resolve = {};  // examples that would, were the shares of flips as seen
};

// What one configuration does on the whole split, beside its macro-F1.
struct NoteQuality {
  std::string model;
  std::string recipe;
  double accuracy = 0.0;
  std::optional<double> macro_f1_low;  // 95 % bootstrap interval
  std::optional<double> macro_f1_high;
  double macro_f1_bias = 0.0;  // mean of the replicates minus the value
  double macro_f1_sklearn = 0.0;
  bool macro_f1_differ = false;  // the two definitions tell different stories
  std::string run_key;
};

// Every timing protocol and every definition of memory; the envelope picks one of each.
struct NoteCost {
  std::string model;
  std::string recipe;
  std::optional<double> throughput_ms;      // per example, the median pass
  std::optional<double> throughput_low_ms;  // fastest and slowest pass: the noise of this clock
  std::optional<double> throughput_high_ms;
  std::optional<double> latency_p50_ms;  // one text at a time
  std::optional<double> latency_p95_ms;
  std::optional<double> workload_ms;  // per example
  std::optional<double> weights_bytes;
  std::optional<double> allocator_peak_bytes;
  std::optional<double> process_peak_bytes;
  std::string run_key;
  std::optional<double> device_peak_bytes =
      {};                 // allocated on a device: by our engine, or as another program reported it
  bool imported = false;  // stated by files; nothing was measured here
};

// How much the logits of a configuration move when nothing about the model changes.
struct NoteNoiseFloor {
  std::string model;
  std::string recipe;
  std::string what;  // "batch 1 against batch 32"
  std::size_t examples = 0;
  std::size_t flips = 0;
  double max_abs_logit_difference = 0.0;
  std::string run_key;
};

struct NoteReliabilityBin {
  double confidence = 0.0;  // mean in the bin
  double accuracy = 0.0;
  std::size_t examples = 0;
};

// What a confidence threshold lets through, after temperature.
struct NoteGate {
  double threshold = 0.0;
  double share = 0.0;
  double accuracy = 0.0;
  double low = 0.0;  // 95 % interval of the accuracy
  double high = 0.0;
};

struct NoteCalibration {
  std::string model;
  std::string recipe;
  std::optional<double> ece_raw;
  std::optional<double> temperature;
  std::optional<double> ece_in_sample;     // fitted and read on the same rows: optimistic
  std::optional<double> ece_cross_fitted;  // fitted on one half, read on the other: this one decides
  std::optional<double> ece_low = {};      // its 95 % interval
  std::optional<double> ece_high = {};
  double gate = 0.8;                 // confidence threshold
  std::optional<double> gate_share;  // of examples at or above it, after temperature
  std::optional<double> gate_accuracy;
  std::vector<NoteGate> gates = {};  // ascending by threshold
  std::vector<NoteReliabilityBin> before;
  std::vector<NoteReliabilityBin> after;
  std::string run_key;
};

// What is left of the calibration error after temperature, against the same model's baseline, paired.
struct NoteResidual {
  std::string model;
  std::string recipe;
  std::string baseline;
  double difference = 0.0;
  double low = 0.0;  // 95 % interval
  double high = 0.0;
  std::string size;       // against the margin of ECE
  bool resolved = false;  // the interval leaves out zero
  // Keeping the baseline's temperature instead of fitting one's own.
  double reuse_cost = 0.0;
  double reuse_low = 0.0;
  double reuse_high = 0.0;
  std::string run_key;
};

// Where a recipe moved a model: tiers with a resolved loss or gain, and the others.
struct NotePattern {
  std::string model;
  std::string recipe;
  std::string verdict;  // the strongest behind it
  std::vector<std::string> lost;
  std::vector<std::string> gained;
  std::vector<std::string> unresolved;
  bool contrast_resolved = false;  // some tier named differs for certain from some tier not named
  std::string run_key;
};

// The same evidence decided with one thing read differently, for example another optimizer of the
// temperature.
struct NoteAlternative {
  std::string what_differs;  // follows "with": "the temperature of an unconverged fit (50 steps at 0.01)"
  Decision decision;
};

// Where time and memory of one configuration go.
struct NoteMechanism {
  std::string model;
  std::string recipe;
  std::string arithmetic;  // "multiplies bytes and sums them as integers"; empty: nobody knows
  std::optional<double> weights_bytes;
  std::optional<double> peak_bytes;
  std::optional<double> tokenize_fraction;  // of the wall time
};

// Predictions of one configuration in one tier that changed between right and wrong.
struct NoteFlippedExample {
  std::string id;  // or the row of the data, from 0
  std::string label;
  std::string before;  // predicted by the baseline
  std::string after;
  std::string text = {};  // of the example, where texts were asked for
};
struct NoteFlippedExamples {
  std::string model;
  std::string recipe;
  std::string baseline;
  std::string tier;  // "all" where there are no tiers
  std::size_t lost = 0;
  std::size_t gained = 0;
  std::vector<NoteFlippedExample> shown;  // the first ones in the order of the data, lost before gained
};

struct NoteInput {
  std::string title;
  std::string dataset;  // "2,000 validation examples, 20 classes"
  std::string limited;  // empty, or "the first 500 of 2,000 examples": every finding is then marked
  std::string reference_recipe = "fp16";  // what compression is compared with
  std::string stack;                      // what produced the numbers: "Quantier 0.1, 8 threads, AVX-512"
  Decision decision;
  std::vector<QualityDifference> quality_differences;  // of macro-F1, paired
  std::vector<std::string> missing;  // configurations without numbers: "decoder int8 (the worker died)"
  std::vector<Promises> promises;
  std::vector<NoteMechanism> mechanisms;
  std::vector<NoteQuality> quality;
  std::vector<NoteCost> cost;
  std::vector<NoteNoiseFloor> noise_floor;
  std::vector<NoteTierDelta> tier_deltas;
  std::vector<std::string> tier_names;  // of the matrices below; empty without tiers
  std::vector<NoteNamedClass> named_classes;
  std::vector<NoteTierF1> tier_f1;
  std::vector<NoteZeroClasses> zero_classes;
  std::vector<NoteSupport> support;
  std::vector<NoteErrorLanding> error_landing;
  std::vector<NoteFlips> flips;
  std::vector<NoteConfusedPair> confused;
  std::vector<NoteWeakness> weakness;
  std::vector<NoteGroup> groups;
  std::vector<NoteSampleSpread> sample_spreads;  // of what was calibrated with other texts too
  std::vector<NoteCalibration> calibration;
  std::vector<NoteResidual> residuals;
  std::vector<NotePattern> patterns;
  std::vector<NoteAlternative> alternatives;
  std::vector<NoteFlippedExamples> flipped_examples;
  std::optional<NoteHardware> hardware;                       // what a model of other devices says
  std::vector<NoteEarlier> earlier;                           // measurements from before
  std::optional<NoteReported> reported;                       // configurations of which only a table tells
  std::string evidence_date;                                  // of the latest run, RFC 3339 or empty
  std::string evidence_hash;                                  // of the keys of the runs
  std::vector<std::pair<std::string, std::string>> appendix;  // protocol, machine, versions, noise floor, ...
  std::vector<std::string> plan_remarks;                      // of the executed plans
};

}  // namespace quantier
