// Where the files of a model are: a plain directory, a snapshot of a Hugging Face cache, or the root
// `models--owner--name` of such a cache.
//
// Links are followed inside the directory and, in a cache, from snapshots/ into blobs/ only: a model that was
// downloaded must not make Quantier read another file. Errors: kEnvironment (absent), kUserInput (a link or a
// shard name that leads outside, contradicting index), kUnsupported (pickle files).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

// What becomes of an adapter's low-rank updates of linear layers: added to the weights before anything is
// made of them, or kept beside what is made of the base's weights: y = Q(W) x + scaling * B (A x).
enum class AdapterUse : std::uint8_t { kMerge, kBeside };
[[nodiscard]] const char* adapter_use_name(AdapterUse use);  // "merge", "beside"
[[nodiscard]] std::optional<AdapterUse> adapter_use_from_name(std::string_view name);

// What a user names: a model directory, and for an adapter the directory of its base (absent: look for it).
struct ModelLocation {
  std::filesystem::path directory;
  std::optional<std::filesystem::path> base = std::nullopt;
  AdapterUse adapter = AdapterUse::kMerge;
};

class ModelDirectory {
 public:
  [[nodiscard]] static Result<ModelDirectory> resolve(const std::filesystem::path& given);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // The file to open for `name`, links followed and checked.
  [[nodiscard]] Result<std::filesystem::path> file(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  // It holds adapter_config.json.
  [[nodiscard]] bool is_adapter() const;

 private:
  std::filesystem::path path_;                  // what errors show, and where names are looked up
  std::filesystem::path inside_;                // canonical: resolved files must lie below it
  std::optional<std::filesystem::path> blobs_;  // or below this
};

struct WeightFiles {
  std::vector<std::string> names;  // sorted
  // Tensor name -> index into names, from model.safetensors.index.json; empty for a single file.
  std::map<std::string, std::size_t> promised;
};
// Of a whole model: for an adapter, see adapter/adapter.h.
[[nodiscard]] Result<WeightFiles> find_weight_files(const ModelDirectory& directory);

}  // namespace quantier
