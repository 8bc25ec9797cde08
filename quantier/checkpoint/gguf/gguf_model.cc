#include "quantier/checkpoint/gguf/gguf_model.h"

#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"
#include "quantier/checkpoint/families/family.h"
#include "quantier/checkpoint/gguf/gguf_qwen2.h"
#include "quantier/checkpoint/gguf/gguf_tokenizer.h"
#include "quantier/checkpoint/hf_config.h"
#include "quantier/checkpoint/safetensors.h"

namespace quantier {
namespace {

// Types of which a stored element is an element of a tensor.
std::optional<DType> plain_dtype(GgmlType type) {
  switch (type) {
    case GgmlType::kF32:
      return DType::kF32;
    case GgmlType::kF16:
      return DType::kF16;
    case GgmlType::kBF16:
      return DType::kBF16;
    default:
      return std::nullopt;
  }
}

}  // namespace

bool is_gguf_path(const std::filesystem::path& path) {
  std::error_code ignored;
  return path.extension() == ".gguf" && !std::filesystem::is_directory(path, ignored);
}

std::filesystem::path gguf_tokenizer_directory(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Result<GgufModel> GgufModel::open(const std::filesystem::path& path) {
  QT_TRY(GgufFile file, GgufFile::open(path));
  GgufModel model(std::move(file));
  QT_TRY_STATUS(model.match());
  QT_TRY_STATUS(check_gguf_tokenizer(model.header(), model.spec().vocabulary,
                                     gguf_tokenizer_directory(path) / "tokenizer.json", path.string()));
  return model;
}

Status GgufModel::match() {
  const std::string source = path().string();
  QT_TRY(const Json json, qwen2_config_of(header(), source));
  QT_TRY(const HfConfig config, parse_hf_config(json, fmt::format("{}, metadata", source)));
  const FamilyModel family = family_model(config);
  spec_ = family.spec;
  std::map<std::string_view, const ExpectedTensor*> expected_by_name;
  for (const ExpectedTensor& tensor : family.tensors) expected_by_name.emplace(tensor.name, &tensor);
  std::map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < header().tensors.size(); ++i) by_name.emplace(header().tensors[i].name, i);
  const auto fail_at = [&](std::string_view name, std::string what, std::string why, std::string hint = {}) {
    return fail(ErrorKind::kCorruptData, std::move(what),
                fmt::format("{}, tensor {}", source, printable(name)), std::move(why), std::move(hint));
  };
  for (const GgufName& name : qwen2_gguf_names(spec_)) {
    const ExpectedTensor* expected = expected_by_name.at(name.tensor);
    const auto found = by_name.find(name.gguf);
    if (found == by_name.end()) {
      const std::string why =
          fmt::format("{} needs it with the shape {}", spec_.architecture, shape_text(expected->shape));
      return expected->in_head
                 ? fail_at(name.gguf, "head tensor absent: the file holds no classifier", why,
                           "export the fine-tuned classifier; a new, untrained head is never made up")
                 : fail_at(name.gguf, "a tensor is missing", why, "convert the model again");
    }
    const GgufTensor& tensor = header().tensors[found->second];
    if (tensor.shape != expected->shape) {
      return fail_at(name.gguf, "a tensor has the wrong shape",
                     fmt::format("stored {}, the metadata make it {}", shape_text(tensor.shape),
                                 shape_text(expected->shape)));
    }
    tensors_.emplace(name.tensor, found->second);
    by_name.erase(found);
  }
  if (by_name.erase(kGgufLanguageModelHead) > 0) spec_.ignored.emplace_back(kGgufLanguageModelHead);
  if (!by_name.empty()) {
    return fail_at(by_name.begin()->first, "a tensor is not part of the architecture",
                   fmt::format("{} has no such tensor", spec_.architecture),
                   "leaving it out could change the answers, so the model is refused");
  }
  return {};
}

const GgufTensor& GgufModel::stored(std::string_view name) const {
  const auto found = tensors_.find(name);
  QT_CHECK(found != tensors_.end(), "only tensors that the specification names are asked for");
  return header().tensors[found->second];
}

DType GgufModel::dtype(std::string_view name) const {
  return plain_dtype(stored(name).type).value_or(DType::kF32);
}

const std::vector<std::uint64_t>& GgufModel::shape(std::string_view name) const { return stored(name).shape; }

TensorData GgufModel::rows(std::string_view name, std::uint64_t first, std::uint64_t count) const {
  const GgufTensor& tensor = stored(name);
  QT_CHECK(first <= tensor.shape[0] && count <= tensor.shape[0] - first, "the rows lie in the tensor");
  std::vector<std::uint64_t> shape = tensor.shape;
  shape[0] = count;
  const std::uint64_t row_bytes = tensor.bytes / tensor.shape[0];
  const auto stored_rows = file_.bytes_of(tensor).subspan(first * row_bytes, count * row_bytes);
  if (const auto dtype = plain_dtype(tensor.type)) {
    return TensorData(TensorView{*dtype, std::move(shape), stored_rows});
  }
  const std::uint64_t elements =
      stored_rows.size() / ggml_block_bytes(tensor.type) * ggml_block_elements(tensor.type);
  AlignedBuffer<std::byte> decoded(elements * sizeof(float), MemoryOwner::kOther);
  ggml_decode(tensor.type, stored_rows,
              std::span(reinterpret_cast<float*>(decoded.data()), static_cast<std::size_t>(elements)));
  return TensorData(DType::kF32, std::move(shape), std::move(decoded));
}

void GgufModel::drop_pages(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) file_.drop_pages(header().tensors[found->second]);
}

}  // namespace quantier
