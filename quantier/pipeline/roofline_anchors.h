// Published times of known models on known devices: what the roofline's rates are fitted to, what its
// interval is made from, and what it is tested on. Three lists that share no anchor.
//
// Units: milliseconds for a batch. `tokens` are computed for each text; a decode step computes one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/decide/roofline.h"

namespace quantier {

enum class AnchorRole : std::uint8_t {
  kFit,    // a rate or a launch cost comes from it: its residual says nothing
  kWidth,  // the interval is made from its error
  kTest,   // neither: is it inside?
};
[[nodiscard]] const char* anchor_role_name(AnchorRole role);  // "fit", "width", "test"

struct RooflineAnchor {
  AnchorRole role = AnchorRole::kWidth;
  std::string_view source;  // "FasterTransformer": what it is called in tables
  std::string_view model;   // of anchor_models()
  std::string_view device;  // of the device table
  Stack stack = Stack::kFused;
  Technique technique = Technique::kFp16;
  std::uint64_t batch = 32;
  std::uint64_t tokens = 128;
  bool unfused_attention = false;
  double measured_ms = 0.0;
};
[[nodiscard]] std::span<const RooflineAnchor> roofline_anchors();

// Published peaks of device memory that nothing was fitted to. 1 MB = 10^6 bytes.
struct MemoryAnchor {
  AnchorRole role = AnchorRole::kWidth;
  std::string_view source;
  std::string_view model;
  std::string_view device;
  Stack stack = Stack::kEager;
  Technique technique = Technique::kFp16;
  std::uint64_t batch = 32;
  std::uint64_t tokens = 128;
  double measured_mb = 0.0;
};
[[nodiscard]] std::span<const MemoryAnchor> memory_anchors();

struct MemoryCheck {
  MemoryAnchor anchor;
  ByteRange modelled;  // as the model's assumptions span it
  ByteRange interval;  // widened by the band
  double log_excess = 0.0;
  bool inside = false;
};
struct MemoryValidation {
  std::optional<ErrorBand> band;  // of the width anchors
  std::vector<MemoryCheck> checks;
  std::size_t tested = 0;
  std::size_t inside = 0;
};
[[nodiscard]] MemoryValidation validate_memory(std::span<const MemoryAnchor> more = {});
[[nodiscard]] std::string memory_validation_markdown(const MemoryValidation& validation);

// "bert-base", "bert-large", "modernbert-base", "qwen2.5-0.5b", ...; the classifier of language models is
// their vocabulary. A name that is not there is our own bug.
[[nodiscard]] ModelSpec anchor_model(std::string_view name);

struct AnchorCheck {
  RooflineAnchor anchor;
  RooflineTime time;
  double low_ms = 0.0;
  double high_ms = 0.0;
  bool inside = false;
};

struct RooflineValidation {
  RooflineError error{{}};          // from the width anchors
  std::vector<AnchorCheck> checks;  // every anchor, and `more`
  std::size_t tested = 0;           // test anchors
  std::size_t inside = 0;           // of them
  // Each source of width anchors held out in turn, the band made from the others.
  std::size_t left_out_tested = 0;
  std::size_t left_out_inside = 0;
};
// `more`: further test anchors.
[[nodiscard]] RooflineValidation validate_roofline(std::span<const RooflineAnchor> more = {});

// Markdown: one row for each check, then the coverage.
[[nodiscard]] std::string validation_markdown(const RooflineValidation& validation);

}  // namespace quantier
