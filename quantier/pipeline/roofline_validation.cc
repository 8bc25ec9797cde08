#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/checkpoint/random_checkpoint.h"
#include "quantier/pipeline/cost_model.h"
#include "quantier/pipeline/roofline_anchors.h"

namespace quantier {
namespace {

RandomGeometry decoder(std::uint64_t hidden, std::uint64_t intermediate, std::uint64_t layers,
                       std::uint64_t heads, std::uint64_t kv_heads, std::uint64_t vocabulary) {
  RandomGeometry geometry;
  geometry.family = Family::kQwen2;
  geometry.hidden = hidden;
  geometry.intermediate = intermediate;
  geometry.layers = layers;
  geometry.heads = heads;
  geometry.kv_heads = kv_heads;
  geometry.vocabulary = vocabulary;
  geometry.max_positions = 32768;
  return geometry;
}

// Devlin et al. 2019: post-norm, absolute positions, three projections, no gate.
ModelSpec bert(std::uint64_t hidden, std::uint64_t layers) {
  ModelSpec spec;
  spec.architecture = "BertForSequenceClassification";
  spec.hidden = hidden;
  spec.intermediate = 4 * hidden;
  spec.head_dim = 64;
  spec.heads = spec.kv_heads = hidden / spec.head_dim;
  spec.vocabulary = 30522;
  spec.max_positions = 512;
  spec.classes = 2;
  LayerSpec layer;
  layer.rope_theta = 0.0;
  spec.layers.assign(layers, layer);
  const auto add = [&](LinearRole role, std::uint64_t out, std::uint64_t in) {
    LinearSpec linear;
    linear.role = role;
    linear.out_features = out;
    linear.in_features = in;
    linear.bias = "bias";
    spec.linears.push_back(linear);
  };
  for (std::uint64_t i = 0; i < layers; ++i) {
    for (const LinearRole role : {LinearRole::kAttentionQuery, LinearRole::kAttentionKey,
                                  LinearRole::kAttentionValue, LinearRole::kAttentionOutput}) {
      add(role, hidden, hidden);
    }
    add(LinearRole::kMlpUp, 4 * hidden, hidden);
    add(LinearRole::kMlpDown, hidden, 4 * hidden);
  }
  add(LinearRole::kClassifier, spec.classes, hidden);
  return spec;
}

ModelSpec checked_spec(const RandomGeometry& geometry) {
  const auto spec = spec_from_geometry(geometry);
  QT_CHECK(spec.has_value(), "the geometry of an anchor is a model");
  return *spec;
}

ModelSpec language_model(const RandomGeometry& geometry) {
  ModelSpec spec = checked_spec(geometry);
  spec.classes = geometry.vocabulary;
  spec.linears.back().out_features = geometry.vocabulary;
  return spec;
}

std::string together_of(const RooflineAnchor& anchor) {
  return fmt::format("{}, {}, {} x {}", anchor.source, anchor.device, anchor.batch, anchor.tokens);
}

struct Timed {
  RooflineAnchor anchor;
  RooflineTime time;
  RooflineResidual residual;
};

Timed time_anchor(const RooflineAnchor& anchor) {
  const Device* device = find_device(anchor.device);
  QT_CHECK(device != nullptr, "anchors name devices of the table");
  const ModelSpec spec = anchor_model(anchor.model);
  const auto cost = forward_cost(spec, anchor.technique,
                                 {anchor.batch, anchor.tokens, anchor.unfused_attention}, anchor.stack);
  QT_CHECK(cost.has_value(), "anchors have a cost");
  const auto time = roofline_time(*cost, *device);
  QT_CHECK(time.has_value(), "anchors have a rate");
  RooflineResidual residual{anchor.stack, device->device_class, time->launches_matter,
                            std::log(anchor.measured_ms / time->point_ms), together_of(anchor)};
  return {anchor, *time, std::move(residual)};
}

std::optional<ErrorBand> band_of(const RooflineError& error, const RooflineResidual& residual) {
  return error.band(residual.stack, residual.device_class, residual.launches_matter);
}

bool inside(const ErrorBand& band, double log_ratio) { return std::abs(log_ratio) <= band.size; }

}  // namespace

const char* anchor_role_name(AnchorRole role) {
  switch (role) {
    case AnchorRole::kFit:
      return "fit";
    case AnchorRole::kWidth:
      return "width";
    case AnchorRole::kTest:
      return "test";
  }
  return "fit";
}

ModelSpec anchor_model(std::string_view name) {
  if (name == "bert-base") return bert(768, 12);
  if (name == "bert-large") return bert(1024, 24);
  if (name == "modernbert-base") return checked_spec(modernbert_base_geometry(113));
  if (name == "qwen2.5-0.5b") return checked_spec(qwen2_half_billion_geometry(113));
  if (name == "qwen2.5-3b") return language_model(decoder(2048, 11008, 36, 16, 2, 151936));
  if (name == "qwen2.5-32b") return language_model(decoder(5120, 27648, 64, 40, 8, 152064));
  QT_CHECK(name == "llama-3.1-8b", "anchors name known models");
  return language_model(decoder(4096, 14336, 32, 32, 8, 128256));
}

RooflineValidation validate_roofline(std::span<const RooflineAnchor> more) {
  std::vector<Timed> all;
  for (const RooflineAnchor& anchor : roofline_anchors()) all.push_back(time_anchor(anchor));
  for (const RooflineAnchor& anchor : more) all.push_back(time_anchor(anchor));

  std::vector<RooflineResidual> width;
  std::set<std::string_view> sources;
  for (const Timed& timed : all) {
    if (timed.anchor.role != AnchorRole::kWidth) continue;
    width.push_back(timed.residual);
    sources.insert(timed.anchor.source);
  }
  RooflineValidation validation;
  validation.error = RooflineError(width);
  validation.error.set_memory_band(validate_memory().band);
  for (const Timed& timed : all) {
    AnchorCheck check{timed.anchor, timed.time};
    if (const auto band = band_of(validation.error, timed.residual)) {
      check.low_ms = timed.time.point_ms * std::exp(-band->size);
      check.high_ms = timed.time.point_ms * std::exp(band->size);
      check.inside = inside(*band, timed.residual.log_ratio);
    }
    if (timed.anchor.role == AnchorRole::kTest) {
      ++validation.tested;
      if (check.inside) ++validation.inside;
    }
    validation.checks.push_back(check);
  }
  for (const std::string_view source : sources) {
    std::vector<RooflineResidual> others;
    for (const Timed& timed : all) {
      if (timed.anchor.role == AnchorRole::kWidth && timed.anchor.source != source) {
        others.push_back(timed.residual);
      }
    }
    const RooflineError error(others);
    for (const Timed& timed : all) {
      if (timed.anchor.role != AnchorRole::kWidth || timed.anchor.source != source) continue;
      const auto band = band_of(error, timed.residual);
      if (!band) continue;  // the only source of its kind
      ++validation.left_out_tested;
      if (inside(*band, timed.residual.log_ratio)) ++validation.left_out_inside;
    }
  }
  return validation;
}

std::string validation_markdown(const RooflineValidation& validation) {
  std::string text =
      "| role | source | model | device | stack | technique | batch x tokens | predicted ms | interval | "
      "measured ms | measured/predicted | inside |\n|---|---|---|---|---|---|---|---:|---|---:|---:|---|\n";
  for (const AnchorCheck& check : validation.checks) {
    const RooflineAnchor& anchor = check.anchor;
    text += fmt::format(
        "| {} | {} | {} | {} | {} | {} | {} x {} | {:.2f} | {:.2f} to {:.2f} | {:.2f} | {:.2f} | {} |\n",
        anchor_role_name(anchor.role), anchor.source, anchor.model, anchor.device, stack_name(anchor.stack),
        technique_name(anchor.technique), anchor.batch, anchor.tokens, check.time.point_ms, check.low_ms,
        check.high_ms, anchor.measured_ms, anchor.measured_ms / check.time.point_ms,
        anchor.role == AnchorRole::kFit ? "-"
        : check.inside                  ? "yes"
                                        : "NO");
  }
  text +=
      "\n| stack | device | launches | width anchors | factor | covers a new one with | pairs | factor of a "
      "ratio | covers with |\n|---|---|---|---:|---:|---:|---:|---:|---:|\n";
  for (const Stack stack : {Stack::kFused, Stack::kEager}) {
    for (const DeviceClass device : {DeviceClass::kGpu, DeviceClass::kCpu}) {
      for (const bool launches : {false, true}) {
        const auto band = validation.error.band(stack, device, launches);
        const auto pairs = validation.error.pair_band(stack, device, launches);
        if (!band || !pairs) continue;
        text += fmt::format("| {} | {} | {} | {} | {:.2f} | {:.0f} % | {} | {:.2f} | {:.0f} % |\n",
                            stack_name(stack), device == DeviceClass::kGpu ? "GPU" : "CPU",
                            launches ? "matter" : "do not matter", band->anchors, std::exp(band->size),
                            100 * band->nominal_coverage, pairs->anchors, std::exp(pairs->size),
                            100 * pairs->nominal_coverage);
      }
    }
  }
  text +=
      fmt::format("\nTest anchors inside their interval: {} of {}.\n", validation.inside, validation.tested);
  text += fmt::format("Width anchors inside an interval made without their own source: {} of {}.\n",
                      validation.left_out_inside, validation.left_out_tested);
  return text;
}

}  // namespace quantier
