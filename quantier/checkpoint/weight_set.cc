#include "quantier/checkpoint/weight_set.h"

#include <utility>

#include <fmt/format.h>

namespace quantier {

Result<WeightSet> WeightSet::open(const ModelDirectory& directory) {
  QT_TRY(const WeightFiles weights, find_weight_files(directory));
  WeightSet set;
  for (const std::string& name : weights.names) {
    QT_TRY(const std::filesystem::path path, directory.file(name));
    QT_TRY(SafetensorsFile file, SafetensorsFile::open(path));
    set.files_.push_back(std::move(file));
    set.paths_.push_back(directory.path() / name);
  }
  QT_TRY_STATUS(set.place(weights));
  return set;
}

Status WeightSet::place(const WeightFiles& weights) {
  for (std::size_t f = 0; f < files_.size(); ++f) {
    const auto& entries = files_[f].header().entries;
    for (std::size_t e = 0; e < entries.size(); ++e) {
      const auto [at, inserted] = places_.emplace(entries[e].name, Place{f, e});
      if (!inserted) {
        return fail(ErrorKind::kCorruptData, "a tensor is in two shards", fmt::format("tensor {}", at->first),
                    fmt::format("{} and {}", weights.names[at->second.file], weights.names[f]),
                    "download or export the model again");
      }
    }
  }
  for (const auto& [tensor, file] : weights.promised) {
    const auto found = places_.find(tensor);
    if (found == places_.end() || found->second.file != file) {
      return fail(ErrorKind::kCorruptData, "a tensor is missing from its shard",
                  fmt::format("{}, tensor {}", files_[file].path().string(), tensor),
                  "model.safetensors.index.json says it is there", "download or export the model again");
    }
  }
  if (!weights.promised.empty() && weights.promised.size() != places_.size()) {
    for (const auto& [tensor, place] : places_) {
      if (weights.promised.contains(tensor)) continue;
      return fail(ErrorKind::kCorruptData, "a shard holds a tensor that the index does not name",
                  fmt::format("{}, tensor {}", files_[place.file].path().string(), tensor), {},
                  "download or export the model again");
    }
  }
  return {};
}

WeightSet::Found WeightSet::find(std::string_view name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) return {};
  const SafetensorsFile& file = files_[found->second.file];
  return {&file, &file.header().entries[found->second.entry]};
}

std::vector<std::string_view> WeightSet::names() const {
  std::vector<std::string_view> names;
  names.reserve(places_.size());
  for (const auto& [name, place] : places_) names.emplace_back(name);
  return names;
}

}  // namespace quantier
