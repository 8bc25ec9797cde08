// The safetensors files of one model as one set of named tensors: each name once, and where the index says.
// Errors: those of the files; kCorruptData for a tensor in two shards or at odds with the index.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/checkpoint/safetensors.h"

namespace quantier {

class WeightSet {
 public:
  [[nodiscard]] static Result<WeightSet> open(const ModelDirectory& directory);

  struct Found {
    const SafetensorsFile* file = nullptr;
    const SafetensorsEntry* entry = nullptr;
    explicit operator bool() const { return entry != nullptr; }
    [[nodiscard]] TensorView view() const { return file->view(*entry); }
  };
  [[nodiscard]] Found find(std::string_view name) const;
  // All tensors, by name.
  [[nodiscard]] std::vector<std::string_view> names() const;
  // The files as the directory names them, links not followed, in the order of their names.
  [[nodiscard]] const std::vector<std::filesystem::path>& paths() const { return paths_; }

 private:
  struct Place {
    std::size_t file = 0;
    std::size_t entry = 0;
  };
  Status place(const WeightFiles& weights);

  std::vector<SafetensorsFile> files_;
  std::vector<std::filesystem::path> paths_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace quantier
