// An opened model directory: config.json typed into a ModelSpec and safetensors mapped into memory.
//
// Nothing is copied and no number is changed: `tensor(name)` is a view of the file. Files are only followed
// inside the directory (or, in a hub cache, from snapshots/ into blobs/). Errors: kEnvironment (missing
// files), kCorruptData (a header, an offset or a shape that lies), kUnsupported (another architecture, a
// pickle file, an adapter), each with file and tensor.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

class Checkpoint {
 public:
  [[nodiscard]] static Result<Checkpoint> open(const std::filesystem::path& directory);
  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  [[nodiscard]] const ModelSpec& spec() const;
  [[nodiscard]] const std::filesystem::path& directory() const;
  // The files that weights come from, in the order of their names.
  [[nodiscard]] const std::vector<std::filesystem::path>& weight_files() const;
  // The tensor must be one that spec() names; anything else is a bug.
  [[nodiscard]] TensorView tensor(std::string_view name) const;
  // Lets the system take back the pages of a tensor that has been read.
  void drop_pages(std::string_view name) const;

 private:
  Checkpoint();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quantier
