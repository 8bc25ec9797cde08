// Which modules an adapter changes, as adapter_config.json says: the rules of peft for target_modules,
// exclude_modules, modules_to_save, layers_to_transform, rank_pattern and alpha_pattern.
//
// Source: check_target_module_exists and get_pattern_key of peft 0.21.2 (tuners/tuners_utils.py,
// utils/other.py). Errors: those of the patterns; kUserInput for a scaling that float cannot hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/adapter/adapter_config.h"
#include "quantier/checkpoint/adapter/python_pattern.h"

namespace quantier {

struct TargetedModule {
  std::uint64_t rank = 0;
  double scaling = 0;  // alpha / r, or alpha / sqrt(r)
};

class AdapterTargets {
 public:
  // `source` names the file in errors; `config` must outlive this.
  [[nodiscard]] static Result<AdapterTargets> create(const AdapterConfig& config, std::string_view source);

  // Does LoRA wrap `module`, a linear layer or an embedding, and with which rank and scaling? `is_head`: the
  // classifier itself, which "all-linear" leaves out of a classification model.
  [[nodiscard]] Result<std::optional<TargetedModule>> find(const std::string& module, bool is_head) const;
  // Is `module` (any part of the tree) saved whole?
  [[nodiscard]] bool is_saved(std::string_view module) const;

 private:
  AdapterTargets(const AdapterConfig& config, std::string source)
      : config_(&config), source_(std::move(source)) {}
  [[nodiscard]] Result<bool> is_targeted(const std::string& module, bool is_head) const;
  [[nodiscard]] Result<bool> is_transformed_layer(const std::string& module) const;
  [[nodiscard]] Status in_time() const;

  const AdapterConfig* config_;
  std::string source_;
  std::int64_t started_ns_ = 0;
  std::optional<PythonPattern> target_;
  std::optional<PythonPattern> excluded_;
  std::vector<PythonPattern> saved_;
  std::vector<PythonPattern> ranks_;
  std::vector<PythonPattern> alphas_;
  std::vector<std::string> layer_lists_;  // layers_pattern
};

}  // namespace quantier
