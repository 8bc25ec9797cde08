// What a model of other hardware says of the configurations of a note. Everything here is modelled but the
// support of techniques, which is what the devices are; milliseconds are per example.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace quantier {

struct NoteModelledTime {
  double low_ms = 0.0;  // the interval is as wide as the model was wrong where the truth is known
  double high_ms = 0.0;
};

struct NoteDevice {
  std::string name;                                    // "T4"
  std::string title;                                   // "NVIDIA T4 (16 GB, 70 W)"
  std::vector<std::optional<NoteModelledTime>> times;  // [NoteHardware::configurations]; empty without shapes
  std::size_t known_pairs = 0;                         // pairs of configurations whose order is known
  std::size_t pairs = 0;
  bool launches_matter = false;  // for some configuration
  // Configurations that the same limits and rule could choose there: one is an answer. Empty with
  // `choice_why` empty: nothing passes.
  std::vector<std::string> possible;
  bool nothing_possible = false;  // that nothing passes is possible
  std::string choice_why;         // why it cannot be said at all: "without a load test there"
};

// Two configurations of one model whose order turns over between two devices, known on both.
struct NoteOrderChange {
  std::string faster;
  std::string slower;
  std::string here;   // names of devices
  std::string there;  // where it is the other way round
};

// By what a recipe would take longer or shorter on a device than the reference of its model: milliseconds of
// a batch, parts that do not show left out.
struct NoteModelledStep {
  struct Part {
    std::string kind;  // "products", "launches and waits"
    double ms = 0.0;
  };
  std::string model;
  std::string recipe;
  double total_ms = 0.0;
  std::vector<Part> parts;
};

struct NoteTechnique {
  std::string name;                  // "LLM.int8()"
  std::string needs;                 // "int8 tensor cores (compute capability 7.5)"
  std::string recipe;                // that was run with it; empty: none
  std::vector<std::string> support;  // [device]: "native", "storage only", ... (support_words())
};

struct NoteHardware {
  std::string stack;     // "fused kernels", "transformers + bitsandbytes"
  std::string workload;  // "batches of 32 texts of 64 tokens"
  std::vector<std::string> configurations;
  std::vector<NoteDevice> devices;
  std::vector<NoteTechnique> techniques;
  std::vector<NoteOrderChange> changes;
  std::string step_device;                  // "T4": where `steps` are modelled
  std::string step_reference;               // "encoder fp16": what they lead away from
  std::vector<NoteModelledStep> steps;      // of one model
  std::vector<std::string> without_shapes;  // models: no times for any configuration of these
  std::string why_no_times;                 // the shapes are there and cannot be used
  std::size_t tested_anchors = 0;           // published times the model was not fitted to
  std::size_t anchors_inside = 0;
};

// A measurement from before this evidence, beside today's of the same quantity.
struct NoteEarlier {
  std::string model;
  std::string recipe;    // empty: not stated
  std::string quantity;  // "ECE after temperature", "temperature", "macro-F1"
  double earlier = 0.0;
  std::optional<double> today;
  std::string when;
  std::string source;
  std::string run_key;
};

}  // namespace quantier
