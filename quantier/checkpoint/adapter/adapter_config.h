// adapter_config.json of a PEFT LoRA adapter, typed and checked.
//
// What changes the numbers and is not implemented is refused by name: another method (IA3, LoHa, prompt
// tuning ...), a variant of LoRA (DoRA, aLoRA, QALoRA ...), and initialisations that replace the base weights
// while they train (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA), unless peft converted them to a plain LoRA when it
// saved, which it marks with "init_lora_weights": true. A key that is not known here may be absent, null,
// false or empty; with any other value it is refused, for it could be such a variant. Errors: kUnsupported by
// name; kUserInput for a value that no adapter can have (rank 0, an alpha that is not positive); kCorruptData
// for a value of another type. Source: tuners/lora/config.py of peft 0.21.2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"

namespace quantier {

// Names of modules (a name is meant by it or by its end behind a dot), or one regular expression.
struct ModuleNames {
  std::vector<std::string> names;
  std::optional<std::string> pattern;
  [[nodiscard]] bool empty() const { return names.empty() && !pattern; }
};

enum class AdapterBias : std::uint8_t { kNone, kAll, kLoraOnly };

struct AdapterConfig {
  std::uint64_t rank = 8;
  double alpha = 8;
  bool rank_stabilized = false;  // alpha / sqrt(r) instead of alpha / r
  // Pattern -> value, the first that matches counts.
  std::vector<std::pair<std::string, std::uint64_t>> rank_pattern;
  std::vector<std::pair<std::string, double>> alpha_pattern;
  ModuleNames targets;
  bool all_linear = false;  // "all-linear"; targets is then empty
  ModuleNames excluded;
  std::vector<std::int64_t> layers;  // layers_to_transform; empty: all
  std::vector<std::string> layers_pattern;
  std::vector<std::string> saved_modules;  // modules_to_save
  // Embedding -> token ids whose rows were trained; "" stands for the model's input embedding.
  std::vector<std::pair<std::string, std::vector<std::uint64_t>>> trained_tokens;
  AdapterBias bias = AdapterBias::kNone;
  std::optional<std::string> base_name;  // base_model_name_or_path
  std::optional<std::string> revision;   // of the base in the hub
  bool for_classification = false;       // task_type is SEQ_CLS
};

[[nodiscard]] Result<AdapterConfig> parse_adapter_config(const Json& json, std::string_view source);

}  // namespace quantier
