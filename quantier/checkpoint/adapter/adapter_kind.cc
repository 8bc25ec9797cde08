#include "quantier/checkpoint/adapter/adapter_kind.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

constexpr const char* kMergeHint =
    "merge it in Python with peft: model.merge_and_unload().save_pretrained(\"merged\"), "
    "tokenizer.save_pretrained(\"merged\"), and open that directory";

// Keys whose value is read elsewhere or changes nothing once training is over.
constexpr std::array kHarmless = {"alpha_pattern",
                                  "auto_mapping",
                                  "base_model_name_or_path",
                                  "bias",
                                  "corda_config",
                                  "ensure_weight_tying",
                                  "eva_config",
                                  "exclude_modules",
                                  "inference_mode",
                                  "init_lora_weights",
                                  "layers_pattern",
                                  "layers_to_transform",
                                  "loftq_config",
                                  "lora_alpha",
                                  "lora_dropout",
                                  "lora_ga_config",
                                  "megatron_core",
                                  "modules_to_save",
                                  "peft_type",
                                  "peft_version",
                                  "qalora_group_size",
                                  "r",
                                  "rank_pattern",
                                  "revision",
                                  "runtime_config",
                                  "target_modules",
                                  "task_type",
                                  "trainable_token_indices",
                                  "use_rslora"};

struct Variant {
  const char* key;
  const char* name;
};
constexpr std::array kVariants = {Variant{"use_dora", "DoRA (weight-decomposed LoRA)"},
                                  Variant{"use_qalora", "QALoRA"},
                                  Variant{"use_bdlora", "BD-LoRA"},
                                  Variant{"kasa_config", "KaSA"},
                                  Variant{"velora_config", "VeLoRA"},
                                  Variant{"monteclora_config", "MonteCLoRA"},
                                  Variant{"arrow_config", "Arrow routing"},
                                  Variant{"alora_invocation_tokens", "aLoRA (activated LoRA)"},
                                  Variant{"lora_bias", "a bias of the LoRA matrices (lora_bias)"},
                                  Variant{"layer_replication", "layer replication"},
                                  Variant{"target_parameters", "LoRA of bare parameters (target_parameters)"},
                                  Variant{"megatron_config", "Megatron's parallel layers"},
                                  Variant{"fan_in_fan_out", "a transposed weight (fan_in_fan_out)"}};

// Initialisations that change the base weights before training, so that A and B alone are not the difference.
constexpr std::array kReplacesBase = {"pissa", "olora", "corda", "lora_ga", "loftq"};
constexpr std::array kKeepsBase = {"gaussian", "eva", "orthogonal"};

// null, false, "", {} and []: the feature is not in use.
bool is_off(const Json& value) {
  return value.is_null() || value == false ||
         (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         (value.is_structured() && value.empty());
}

std::unexpected<Error> unsupported(std::string what, std::string_view source, std::string why,
                                   std::string hint = kMergeHint) {
  return fail(ErrorKind::kUnsupported, std::move(what), std::string(source), std::move(why), std::move(hint));
}

Status check_method(const Json& json, std::string_view source) {
  QT_TRY(const std::string type, json_get<std::string>(json, "peft_type", source));
  if (type == "LORA") return {};
  return unsupported(fmt::format("adapters of the kind {} are not supported", printable(type, 40)), source,
                     "\"peft_type\" says so; supported: LORA");
}

Status check_initialisation(const Json& json, std::string_view source) {
  const auto found = json.find("init_lora_weights");
  if (found == json.end() || found->is_null() || found->is_boolean()) return {};
  if (!found->is_string()) {
    return fail(ErrorKind::kCorruptData, "\"init_lora_weights\" has the wrong type", std::string(source),
                fmt::format("it is {}", found->type_name()));
  }
  const auto& name = found->get_ref<const std::string&>();
  for (const std::string_view replaces : kReplacesBase) {
    if (!name.starts_with(replaces)) continue;
    return unsupported(
        fmt::format("an adapter initialised with {} is not supported as it was saved", printable(name, 40)),
        source, "the method replaced the base weights before training, and A and B are differences to those",
        "save it again as a plain LoRA, in Python with peft: model.save_pretrained(DIR, "
        "path_initial_model_for_weight_conversion=INITIAL_DIR)");
  }
  if (std::ranges::find(kKeepsBase, std::string_view(name)) != kKeepsBase.end()) return {};
  return unsupported(fmt::format("the initialisation \"{}\" is not known", printable(name, 40)), source,
                     "it may have changed the base weights");
}

Status check_task(const Json& json, std::string_view source) {
  QT_TRY(const auto task, json_find<std::string>(json, "task_type", source));
  for (const char* other : {"TOKEN_CLS", "QUESTION_ANS", "SEQ_2_SEQ_LM"}) {
    if (task == other) {
      return unsupported(fmt::format("an adapter for the task {} is not supported", other), source,
                         "\"task_type\" says so; supported: SEQ_CLS", "give a sequence classifier");
    }
  }
  const auto mapping = json.find("auto_mapping");
  if (mapping == json.end() || !mapping->is_object()) return {};
  QT_TRY(const auto base, json_find<std::string>(*mapping, "base_model_class", source));
  if (base && base->find("For") != std::string::npos && !base->ends_with("ForSequenceClassification") &&
      !base->ends_with("ForCausalLM") && !base->ends_with("ForMaskedLM")) {
    return unsupported(fmt::format("an adapter of a {} is not supported", printable(*base, 60)), source,
                       "\"auto_mapping\" says so; supported: ModernBertForSequenceClassification, "
                       "Qwen2ForSequenceClassification",
                       "give a sequence classifier");
  }
  return {};
}

}  // namespace

Status check_adapter_kind(const Json& json, std::string_view source) {
  if (!json.is_object()) {
    return fail(ErrorKind::kCorruptData, "adapter_config.json is not a JSON object", std::string(source));
  }
  QT_TRY_STATUS(check_method(json, source));
  for (const Variant& variant : kVariants) {
    const auto found = json.find(variant.key);
    if (found == json.end() || is_off(*found)) continue;
    return unsupported(fmt::format("{} is not supported", variant.name), source,
                       fmt::format("\"{}\" is {}", variant.key, printable(found->dump(), 60)));
  }
  QT_TRY_STATUS(check_initialisation(json, source));
  QT_TRY_STATUS(check_task(json, source));
  for (const auto& [key, value] : json.items()) {
    const bool is_variant = std::ranges::any_of(kVariants, [&](const Variant& v) { return key == v.key; });
    if (is_variant || is_off(value) || std::ranges::find(kHarmless, std::string_view(key)) != kHarmless.end())
      continue;
    return unsupported(fmt::format("the adapter option \"{}\" is not known", printable(key, 60)), source,
                       fmt::format("it is {}, and could change the numbers", printable(value.dump(), 60)));
  }
  return {};
}

}  // namespace quantier
