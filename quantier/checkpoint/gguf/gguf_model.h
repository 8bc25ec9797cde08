// A GGUF file opened as a model: tensors under the names of transformers, decoded row by row when asked for.
//
// What is stored as F32, F16 or BF16 is a view of the file; blocks become floats that belong to the caller,
// so that of a whole model one tensor at a time stands in memory. The file must hold the architecture's
// tensors exactly, in the shapes that its metadata promise. tokenizer.json is not part of a GGUF file and is
// looked for beside it. Errors: those of parse_gguf, qwen2_config_of and parse_hf_config; kCorruptData for a
// tensor that is missing, misshapen or not part of the architecture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/gguf/gguf.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/tensor/tensor_data.h"

namespace quantier {

// The path of a model names a GGUF file rather than a directory.
[[nodiscard]] bool is_gguf_path(const std::filesystem::path& path);

// Where the tokenizer.json of a GGUF file is looked for: beside it.
[[nodiscard]] std::filesystem::path gguf_tokenizer_directory(const std::filesystem::path& path);

class GgufModel {
 public:
  [[nodiscard]] static Result<GgufModel> open(const std::filesystem::path& path);

  [[nodiscard]] const ModelSpec& spec() const { return spec_; }
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  [[nodiscard]] const GgufHeader& header() const { return file_.header(); }

  [[nodiscard]] bool has(std::string_view name) const { return tensors_.contains(name); }
  // Names must be ones that spec() names. Blocks have the dtype F32.
  [[nodiscard]] DType dtype(std::string_view name) const;
  [[nodiscard]] const std::vector<std::uint64_t>& shape(std::string_view name) const;
  // Rows [first, first + count), which must lie in the tensor; of a vector, elements.
  [[nodiscard]] TensorData rows(std::string_view name, std::uint64_t first, std::uint64_t count) const;
  void drop_pages(std::string_view name) const;

 private:
  explicit GgufModel(GgufFile file) : file_(std::move(file)) {}
  Status match();
  [[nodiscard]] const GgufTensor& stored(std::string_view name) const;

  GgufFile file_;
  ModelSpec spec_;
  std::map<std::string, std::size_t, std::less<>> tensors_;  // -> index into header().tensors
};

}  // namespace quantier
