// Laying the tensors of an adapter onto those of its base: one half of class Adapter.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "quantier/checkpoint/adapter/adapter.h"
#include "quantier/checkpoint/adapter/adapter_targets.h"

namespace quantier {
namespace {

constexpr std::string_view kWeight = ".weight";

std::string module_of(std::string_view tensor) { return std::string(tensor.substr(0, tensor.rfind('.'))); }

const ExpectedTensor* find_tensor(const FamilyModel& model, std::string_view name) {
  const auto found = std::ranges::find(model.tensors, name, &ExpectedTensor::name);
  return found == model.tensors.end() ? nullptr : &*found;
}

std::uint64_t elements(std::span<const std::uint64_t> shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : shape) count *= size;
  return count;
}

std::unexpected<Error> no_place(std::string where, const FamilyModel& model) {
  return fail(ErrorKind::kCorruptData, "no module of the base model takes a tensor of the adapter",
              std::move(where), fmt::format("{} has no such module", model.spec.architecture),
              "give the base model that the adapter was trained on");
}

std::unexpected<Error> wrong_shape(std::string where, std::span<const std::uint64_t> stored,
                                   std::span<const std::uint64_t> wanted, std::string_view reason) {
  return fail(
      ErrorKind::kCorruptData, "the adapter does not fit its base model", std::move(where),
      fmt::format("stored {}, {} {}", shape_text(stored), reason, shape_text(wanted)),
      "give the base model that the adapter was trained on; if its vocabulary or head was resized, put "
      "the config.json of the trained model beside adapter_config.json");
}

struct Candidate {
  std::string module;
  std::uint64_t out = 0;
  std::uint64_t in = 0;
  bool is_embedding = false;
  bool is_head = false;  // the classifier itself
};

// Everything that LoRA may wrap, in the order of the forward pass.
std::vector<Candidate> candidates(const ModelSpec& spec) {
  std::vector<Candidate> list;
  list.push_back({module_of(spec.embedding), spec.hidden, spec.vocabulary, true, false});
  for (const LinearSpec& linear : spec.linears) {
    list.push_back({module_of(linear.weight), linear.out_features, linear.in_features, false,
                    linear.role == LinearRole::kClassifier});
  }
  return list;
}

}  // namespace

// A module that modules_to_save names and that is not there would keep the base's numbers, or random ones.
Status Adapter::check_saved_modules(const FamilyModel& model) const {
  QT_TRY(const AdapterTargets targets, AdapterTargets::create(config_, source_));
  for (const ExpectedTensor& expected : model.tensors) {
    if (expected.optional || whole_.contains(expected.name)) continue;
    // The module and every one that it is part of.
    for (std::string module = module_of(expected.name); !module.empty(); module = module_of(module)) {
      if (targets.is_saved(module)) {
        return fail(ErrorKind::kCorruptData, "a saved module is missing from the adapter",
                    fmt::format("{}, tensor {}", file_.path().string(), expected.name),
                    fmt::format("\"modules_to_save\" of adapter_config.json names {}", module),
                    "save the adapter again with peft's save_pretrained");
      }
      if (module.find('.') == std::string::npos) break;
    }
  }
  return {};
}

Status Adapter::match_whole(const FamilyModel& model) {
  QT_TRY(const AdapterTargets targets, AdapterTargets::create(config_, source_));
  for (const auto& [name, i] : untouched_) {
    if (find_tensor(model, name) == nullptr) return no_place(where(i), model);
    content_.unused_copies.push_back(entry(i).name);
  }
  for (const ExpectedTensor& expected : model.tensors) {
    const auto found = whole_.find(expected.name);
    if (found == whole_.end()) continue;
    const SafetensorsEntry& stored = entry(found->second);
    if (expected.optional) {
      content_.unused_copies.push_back(stored.name);
      continue;
    }
    if (stored.shape != expected.shape) {
      return wrong_shape(where(found->second), stored.shape, expected.shape, "the model needs");
    }
    changes_[expected.name].whole = file_.view(stored);
    content_.saved_tensors.push_back(expected.name);
    bool trained = config_.bias != AdapterBias::kNone && expected.name.ends_with(".bias");
    for (std::string module = module_of(expected.name); !trained; module = module_of(module)) {
      trained = targets.is_saved(module);
      if (module.find('.') == std::string::npos) break;
    }
    if (trained) content_.trainable_parameters += elements(stored.shape);
  }
  for (const auto& [name, i] : whole_) {
    if (find_tensor(model, name) == nullptr) return no_place(where(i), model);
  }
  return {};
}

Status Adapter::match_pairs(const FamilyModel& model) {
  QT_TRY(const AdapterTargets targets, AdapterTargets::create(config_, source_));
  std::size_t used = 0;
  for (const Candidate& candidate : candidates(model.spec)) {
    QT_TRY(const std::optional<TargetedModule> wanted, targets.find(candidate.module, candidate.is_head));
    const auto found = pairs_.find(candidate.module);
    if (found == pairs_.end()) {
      if (!wanted) continue;
      return fail(ErrorKind::kCorruptData, "a module has no matrices in the adapter",
                  fmt::format("{}, module {}", file_.path().string(), candidate.module),
                  "adapter_config.json targets it, and lora_A and lora_B are absent",
                  "save the adapter again with peft's save_pretrained");
    }
    const Pair& pair = found->second;
    const std::size_t any = pair.a ? *pair.a : *pair.b;
    if (!wanted) {
      return fail(ErrorKind::kCorruptData, "a tensor of the adapter belongs to a module that is not targeted",
                  where(any), "target_modules of adapter_config.json leaves the module out",
                  "the file and adapter_config.json must come from the same adapter");
    }
    if (!pair.a || !pair.b) {
      return fail(ErrorKind::kCorruptData, "half of a pair of matrices is missing", where(any),
                  fmt::format("lora_{} of module {} is absent", pair.a ? "B" : "A", candidate.module));
    }
    if (pair.of_embedding != candidate.is_embedding) return no_place(where(any), model);
    const std::vector<std::uint64_t> a_shape = {wanted->rank, candidate.in};
    const std::vector<std::uint64_t> b_shape = {candidate.out, wanted->rank};
    constexpr const char* kReason = "the base model and the rank make it";
    if (entry(*pair.a).shape != a_shape) {
      return wrong_shape(where(*pair.a), entry(*pair.a).shape, a_shape, kReason);
    }
    if (entry(*pair.b).shape != b_shape) {
      return wrong_shape(where(*pair.b), entry(*pair.b).shape, b_shape, kReason);
    }
    ++used;
    changes_[candidate.module + std::string(kWeight)].lora = LoraFactors{
        file_.view(entry(*pair.a)), file_.view(entry(*pair.b)), wanted->scaling, pair.of_embedding};
    const std::uint64_t parameters = elements(a_shape) + elements(b_shape);
    content_.modules.push_back({candidate.module, wanted->rank, wanted->scaling, parameters});
    content_.trainable_parameters += parameters;
  }
  if (used == pairs_.size()) return {};
  for (const auto& [module, pair] : pairs_) {
    const TensorChange* known = change(module + std::string(kWeight));
    if (known == nullptr || !known->lora) return no_place(where(pair.a ? *pair.a : *pair.b), model);
  }
  return {};
}

Status Adapter::match_rows(const FamilyModel& model) {
  const std::string embedding = module_of(model.spec.embedding);
  for (const auto& [name, ids] : config_.trained_tokens) {
    const bool is_embedding = name.empty() || embedding.ends_with(name);
    if (!is_embedding) {
      return fail(ErrorKind::kUnsupported,
                  "trained tokens of another layer than the embedding are not supported", source_,
                  fmt::format("\"trainable_token_indices\" names {}", name));
    }
    const auto found = rows_.find(embedding);
    if (found == rows_.end()) {
      return fail(ErrorKind::kCorruptData, "the trained tokens are missing from the adapter",
                  fmt::format("{}, module {}", file_.path().string(), embedding),
                  "\"trainable_token_indices\" of adapter_config.json names them");
    }
    const SafetensorsEntry& stored = entry(found->second);
    const std::vector<std::uint64_t> wanted = {ids.size(), model.spec.hidden};
    if (stored.shape != wanted) {
      return wrong_shape(where(found->second), stored.shape, wanted,
                         "the base model and the token ids make it");
    }
    for (const std::uint64_t id : ids) {
      if (id < model.spec.vocabulary) continue;
      return fail(ErrorKind::kCorruptData, "the adapter does not fit its base model", source_,
                  fmt::format("token {} was trained, the vocabulary has {}", id, model.spec.vocabulary));
    }
    TensorChange& change = changes_[model.spec.embedding];
    if (change.rows || change.lora) {
      return fail(ErrorKind::kUnsupported, "an embedding that is changed in two ways is not supported",
                  source_, "\"trainable_token_indices\" and \"target_modules\" both name it");
    }
    change.rows = TrainedRows{ids, file_.view(stored)};
    content_.trained_rows = ids.size();
    content_.trainable_parameters += elements(stored.shape);
  }
  for (const auto& [module, i] : rows_) {
    const TensorChange* known = change(module + std::string(kWeight));
    if (known == nullptr || !known->rows) {
      return fail(ErrorKind::kCorruptData, "trained tokens that adapter_config.json does not name", where(i),
                  "\"trainable_token_indices\" leaves them out");
    }
  }
  return {};
}

}  // namespace quantier
