#include "quantier/checkpoint/adapter/adapter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "quantier/checkpoint/adapter/base_directory.h"

namespace quantier {
namespace {

constexpr const char* kWeights = "adapter_model.safetensors";
constexpr const char* kPickle = "adapter_model.bin";

Result<std::filesystem::path> find_adapter_weights(const ModelDirectory& directory) {
  if (directory.has(kWeights)) {
    for (const char* whole : {"model.safetensors", "model.safetensors.index.json"}) {
      if (!directory.has(whole)) continue;
      return fail(ErrorKind::kUserInput, "the directory holds an adapter and a whole model",
                  directory.path().string(), fmt::format("{} and {} are both there", kWeights, whole),
                  "move one of them to a directory of its own: they are different models");
    }
    return directory.file(kWeights);
  }
  if (directory.has(kPickle)) {
    return fail(ErrorKind::kUnsupported, "pickle files are not read", directory.path().string(),
                fmt::format("{} is a pickle, which can run code when it is opened; {} is not there", kPickle,
                            kWeights),
                "load it with peft on a machine where you trust the file and save it again");
  }
  return fail(ErrorKind::kEnvironment, "the adapter has no weights", directory.path().string(),
              fmt::format("adapter_config.json is there, {} is not", kWeights),
              "give the directory that save_pretrained of peft wrote");
}

}  // namespace

Result<Adapter> Adapter::open(const ModelDirectory& directory) {
  // The kind of adapter first: other methods have other files.
  QT_TRY(AdapterConfig config, read_adapter_config(directory));
  QT_TRY(const std::filesystem::path path, find_adapter_weights(directory));
  QT_TRY(SafetensorsFile file, SafetensorsFile::open(path));
  Adapter adapter(std::move(file), directory.path() / kWeights, std::move(config),
                  (directory.path() / "adapter_config.json").string());
  QT_TRY_STATUS(adapter.sort_entries());
  return adapter;
}

std::string Adapter::where(std::size_t i) const {
  return fmt::format("{}, tensor {}", file_.path().string(), entry(i).name);
}

Status Adapter::sort_entries() {
  const auto& entries = file_.header().entries;
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const SafetensorsEntry& one : entries) names.push_back(one.name);
  QT_TRY(const std::vector<AdapterKey> keys, parse_adapter_keys(names, file_.path().string()));
  const auto twice = [&](std::size_t i, std::size_t other) {
    return fail(ErrorKind::kCorruptData, "a tensor of the adapter is there twice", where(i),
                fmt::format("{} means the same", entry(other).name));
  };
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!is_floating(entries[i].dtype)) {
      return fail(ErrorKind::kUnsupported, "an adapter stored as integers is not read", where(i),
                  fmt::format("its element type is {}", dtype_name(entries[i].dtype)),
                  "save the adapter in float32, float16 or bfloat16");
    }
    const AdapterKey& key = keys[i];
    const auto put = [&](auto& map) -> Status {
      const auto [at, inserted] = map.emplace(key.name, i);
      if (!inserted) return twice(i, at->second);
      return {};
    };
    const auto put_matrix = [&](bool of_embedding, bool is_a) -> Status {
      Pair& pair = pairs_[key.name];
      const bool started = pair.a || pair.b;
      if (started && pair.of_embedding != of_embedding) return twice(i, *(pair.a ? pair.a : pair.b));
      pair.of_embedding = of_embedding;
      std::optional<std::size_t>& side = is_a ? pair.a : pair.b;
      if (side) return twice(i, *side);
      side = i;
      return {};
    };
    switch (key.part) {
      case AdapterPart::kA:
      case AdapterPart::kB:
        QT_TRY_STATUS(put_matrix(false, key.part == AdapterPart::kA));
        break;
      case AdapterPart::kEmbeddingA:
      case AdapterPart::kEmbeddingB:
        QT_TRY_STATUS(put_matrix(true, key.part == AdapterPart::kEmbeddingA));
        break;
      case AdapterPart::kTrainedTokens:
        QT_TRY_STATUS(put(rows_));
        break;
      case AdapterPart::kUntouched:
        QT_TRY_STATUS(put(untouched_));
        break;
      case AdapterPart::kWhole:
        if (!key.is_second_copy) QT_TRY_STATUS(put(whole_));
        break;
    }
  }
  // `bias: all` also writes the bias of a saved module under its inner name: the same numbers, or a fault.
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!keys[i].is_second_copy) continue;
    const auto [at, inserted] = whole_.emplace(keys[i].name, i);
    if (inserted) continue;
    const TensorView first = file_.view(entry(at->second));
    const TensorView second = file_.view(entry(i));
    if (first.dtype != second.dtype || first.shape != second.shape ||
        !std::ranges::equal(first.bytes, second.bytes)) {
      return fail(ErrorKind::kCorruptData, "two tensors of the adapter contradict each other", where(i),
                  fmt::format("{} means the same and holds other numbers", entry(at->second).name));
    }
  }
  return {};
}

std::optional<TensorView> Adapter::whole(std::string_view tensor) const {
  const auto found = whole_.find(tensor);
  if (found == whole_.end()) return std::nullopt;
  return file_.view(entry(found->second));
}

const TensorChange* Adapter::change(std::string_view tensor) const {
  const auto found = changes_.find(tensor);
  return found == changes_.end() ? nullptr : &found->second;
}

void Adapter::drop_pages(std::string_view tensor) const {
  if (const auto found = whole_.find(tensor); found != whole_.end()) file_.drop_pages(entry(found->second));
}

Status Adapter::match(const FamilyModel& model) {
  changes_.clear();
  content_ = {};
  QT_TRY_STATUS(match_whole(model));
  QT_TRY_STATUS(check_saved_modules(model));
  QT_TRY_STATUS(match_pairs(model));
  return match_rows(model);
}

}  // namespace quantier
