#include "quantier/checkpoint/family_match.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include <fmt/format.h>

namespace quantier {
namespace {

// What a pretrained model has in place of a classification head.
constexpr std::array kPretrainedHeads = {"lm_head.weight", "decoder.weight", "decoder.bias"};
constexpr std::string_view kPrefix = "model.";

std::unexpected<Error> missing_tensor(const ExpectedTensor& expected, const ModelSpec& spec, bool adapted,
                                      const std::string& where) {
  const std::string what = fmt::format("{}, tensor {}", where, expected.name);
  const std::string why =
      fmt::format("{} needs it with the shape {}", spec.architecture, shape_text(expected.shape));
  if (expected.in_head && adapted) {
    return fail(
        ErrorKind::kCorruptData, "head tensor absent: neither the adapter nor its base has it", what, why,
        "train with the head in modules_to_save (task_type=\"SEQ_CLS\" does it); a new, untrained head "
        "is never made up");
  }
  if (expected.in_head) {
    return fail(ErrorKind::kCorruptData, "head tensor absent: the classifier was not saved", what, why,
                "save the fine-tuned classifier, not the pretrained model; a new, untrained head is never "
                "made up");
  }
  return fail(ErrorKind::kCorruptData, "a tensor is missing", what, why,
              "compare config.json with the weights: they must come from the same model");
}

constexpr std::string_view kWeight = ".weight";

// The modules whose weights may be stored in another form.
std::set<std::string, std::less<>> quantizable_modules(const ModelSpec& spec) {
  std::set<std::string, std::less<>> modules{
      spec.embedding.substr(0, spec.embedding.size() - kWeight.size())};
  for (const LinearSpec& linear : spec.linears) {
    modules.insert(linear.weight.substr(0, linear.weight.size() - kWeight.size()));
  }
  return modules;
}

bool is_weight_of(const std::set<std::string, std::less<>>& modules, std::string_view tensor) {
  return tensor.ends_with(kWeight) && modules.contains(tensor.substr(0, tensor.size() - kWeight.size()));
}

// A module's name may be the beginning of another's only up to a dot.
bool belongs_to(const std::set<std::string, std::less<>>& modules, std::string_view tensor) {
  for (std::size_t dot = tensor.find('.'); dot != std::string_view::npos; dot = tensor.find('.', dot + 1)) {
    if (modules.contains(tensor.substr(0, dot))) return true;
  }
  return false;
}

}  // namespace

Result<FamilyTensors> match_family(const FamilyModel& model, const WeightSet& weights, const Adapter* adapter,
                                   const std::string& where, ModelSpec& spec, FamilyTensors* parts) {
  const std::set<std::string, std::less<>> modules =
      parts == nullptr ? std::set<std::string, std::less<>>() : quantizable_modules(spec);
  const std::vector<std::string_view> names = weights.names();
  const bool bare = adapter != nullptr && std::ranges::none_of(names, [](std::string_view name) {
                      return name.starts_with(kPrefix);
                    });
  FamilyTensors tensors;
  std::set<std::string_view> known;
  for (const ExpectedTensor& expected : model.tensors) {
    const std::string_view full = expected.name;
    const std::string_view name = bare && full.starts_with(kPrefix) ? full.substr(kPrefix.size()) : full;
    known.insert(name);
    const WeightSet::Found found = weights.find(name);
    const bool replaced = adapter != nullptr && adapter->whole(expected.name).has_value();
    // Whole, in floating point, or as parts: the loop over the rest gathers those.
    if (is_weight_of(modules, full) &&
        (!found || found.entry->shape != expected.shape || !is_floating(found.entry->dtype))) {
      known.erase(name);
      continue;
    }
    if (!found) {
      if (expected.optional || replaced) continue;
      return missing_tensor(expected, spec, adapter != nullptr, where);
    }
    const std::string entry_where = fmt::format("{}, tensor {}", found.file->path().string(), name);
    if (expected.optional) {
      spec.ignored.push_back(expected.name);
      continue;
    }
    if (found.entry->shape != expected.shape && !replaced) {
      return fail(ErrorKind::kCorruptData, "a tensor has the wrong shape", entry_where,
                  fmt::format("stored {}, config.json makes it {}", shape_text(found.entry->shape),
                              shape_text(expected.shape)),
                  "compare config.json with the weights: they must come from the same model");
    }
    if (!is_floating(found.entry->dtype)) {
      return fail(ErrorKind::kUnsupported, "weights stored as integers are not read", entry_where,
                  fmt::format("its element type is {}", dtype_name(found.entry->dtype)),
                  "start from the full-precision checkpoint");
    }
    tensors.emplace(expected.name, found);
  }
  for (const std::string_view name : names) {
    if (known.contains(name)) continue;
    if (belongs_to(modules, name)) {
      parts->emplace(name, weights.find(name));
      continue;
    }
    if (adapter != nullptr && std::ranges::find(kPretrainedHeads, name) != kPretrainedHeads.end()) {
      spec.ignored.emplace_back(name);
      continue;
    }
    return fail(ErrorKind::kCorruptData, "a tensor is not part of the architecture",
                fmt::format("{}, tensor {}", weights.find(name).file->path().string(), name),
                fmt::format("{} with this config.json has no such tensor", spec.architecture),
                "leaving it out could change the answers, so the model is refused; check the bias flags and "
                "the number of layers in config.json");
  }
  return tensors;
}

}  // namespace quantier
