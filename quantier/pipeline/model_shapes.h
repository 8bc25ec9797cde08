// Models by their shapes, for a roofline without weights: a model directory, a config.json, or TOML that says
//
//   [[model]]
//   name = "encoder"
//   kind = "modernbert"      # or "qwen2"
//   layers = 22
//   hidden = 768
//   intermediate = 1152
//   heads = 12
//   vocabulary = 50368       # kv_heads, classes, positions: optional
//
// Errors: those of Checkpoint::open and parse_hf_config; kEnvironment for a path that is not there; kUsage
// with line and column for TOML that cannot be used.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"

namespace quantier {

struct NamedModel {
  std::string name;
  std::string source;  // where its shapes come from
  ModelSpec spec;
};

// `text`: PATH, or NAME=PATH. One TOML file may hold several models.
// `base`: of a model directory that is an adapter; without it, it is looked for.
[[nodiscard]] Result<std::vector<NamedModel>> read_model_shapes(
    const std::string& text, const std::optional<std::filesystem::path>& base = std::nullopt);

}  // namespace quantier
