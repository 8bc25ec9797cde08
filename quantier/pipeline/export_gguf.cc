#include "quantier/pipeline/export_gguf.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/gguf/gguf_model.h"
#include "quantier/checkpoint/gguf/gguf_qwen2.h"
#include "quantier/checkpoint/gguf/gguf_writer.h"
#include "quantier/pipeline/gguf_vocabulary.h"

namespace quantier {
namespace {

// Floats that are read, encoded and written at a time.
constexpr std::uint64_t kPieceElements = std::uint64_t{1} << 18;

// general.file_type, in the numbers of llama.cpp.
std::uint32_t file_type(GgmlType type) {
  switch (type) {
    case GgmlType::kF32:
      return 0;
    case GgmlType::kF16:
      return 1;
    case GgmlType::kQ4_0:
      return 2;
    case GgmlType::kQ4_1:
      return 3;
    case GgmlType::kQ8_0:
      return 7;
    case GgmlType::kBF16:
      return 32;
  }
  return 0;
}

Status check_model(const Checkpoint& checkpoint, const GgufExportOptions& options) {
  const std::string where = options.model.directory.string();
  if (checkpoint.spec().family != Family::kQwen2) {
    return fail(ErrorKind::kUnsupported,
                fmt::format("{} is not written to GGUF", checkpoint.spec().architecture), where,
                "only the decoder is: Qwen2ForSequenceClassification",
                "no reader of GGUF that this could be checked against takes ModernBERT as a classifier");
  }
  if (is_gguf_path(options.model.directory)) {
    return fail(ErrorKind::kUnsupported, "a GGUF file is not exported again", where,
                "its numbers were rounded once", "start from the full-precision checkpoint");
  }
  if (checkpoint.quantization()) {
    return fail(ErrorKind::kUnsupported, "quantized weights are not exported again", where,
                fmt::format("they were stored by {}", checkpoint.quantization()->method),
                "start from the full-precision checkpoint");
  }
  if (options.out.extension() != ".gguf") {
    return fail(ErrorKind::kUsage, "the output is not named as a GGUF file", options.out.string(),
                "readers know these files by their ending", "choose a name that ends in .gguf");
  }
  return {};
}

Result<GgufMetadata> metadata_of(const Checkpoint& checkpoint, const GgufExportOptions& options) {
  const ModelSpec& spec = checkpoint.spec();
  const auto number = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  GgufMetadata metadata;
  metadata.add("general.architecture", "qwen2");
  metadata.add("general.type", "model");
  const std::filesystem::path name = std::filesystem::absolute(options.model.directory).lexically_normal();
  metadata.add("general.name", (name.has_filename() ? name : name.parent_path()).filename().string());
  metadata.add("general.file_type", file_type(options.layers));
  metadata.add("general.quantization_version", std::uint32_t{2});
  metadata.add("qwen2.block_count", number(spec.layers.size()));
  metadata.add("qwen2.context_length", number(spec.max_positions));
  metadata.add("qwen2.embedding_length", number(spec.hidden));
  metadata.add("qwen2.feed_forward_length", number(spec.intermediate));
  metadata.add("qwen2.attention.head_count", number(spec.heads));
  metadata.add("qwen2.attention.head_count_kv", number(spec.kv_heads));
  if (spec.head_dim * spec.heads != spec.hidden) {
    metadata.add("qwen2.attention.key_length", number(spec.head_dim));
    metadata.add("qwen2.attention.value_length", number(spec.head_dim));
    metadata.add("qwen2.rope.dimension_count", number(spec.head_dim));
  }
  metadata.add("qwen2.attention.layer_norm_rms_epsilon", static_cast<float>(spec.norm_epsilon));
  metadata.add("qwen2.rope.freq_base", static_cast<float>(spec.layers.front().rope_theta));
  metadata.add("qwen2.vocab_size", number(spec.vocabulary));
  metadata.add("qwen2.pooling_type", kGgufPoolingRank);
  metadata.add(kGgufLabelsKey, spec.label_names);
  QT_TRY(const Json config, checkpoint.config());
  const auto token = [&](const char* key) -> std::optional<std::int64_t> {
    const auto found = config.find(key);  // transformers also writes lists of them
    if (found == config.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  QT_TRY_STATUS(add_gguf_vocabulary(checkpoint.tokenizer_directory() / "tokenizer.json", spec.vocabulary,
                                    {token("bos_token_id"), token("eos_token_id"), spec.pad_token_id},
                                    metadata));
  return metadata;
}

// What an export has written so far; gone again unless all of it was.
class WrittenSoFar {
 public:
  WrittenSoFar() = default;
  WrittenSoFar(const WrittenSoFar&) = delete;
  WrittenSoFar& operator=(const WrittenSoFar&) = delete;
  ~WrittenSoFar() {
    std::error_code ignored;
    while (!paths_.empty()) {
      std::filesystem::remove(paths_.back(), ignored);  // a folder only when it is empty
      paths_.pop_back();
    }
  }
  void add(std::filesystem::path path) { paths_.push_back(std::move(path)); }
  void keep() { paths_.clear(); }

 private:
  std::vector<std::filesystem::path> paths_;
};

// Copies what the model's reader will look for beside the file.
Result<std::vector<std::filesystem::path>> copy_tokenizer(const Checkpoint& checkpoint,
                                                          const std::filesystem::path& folder,
                                                          WrittenSoFar& written) {
  std::vector<std::pair<std::filesystem::path, std::string>> copies;
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) {
    const std::filesystem::path from = checkpoint.tokenizer_directory() / name;
    const std::filesystem::path to = folder / name;
    std::error_code ignored;
    if (!std::filesystem::exists(from, ignored)) continue;
    QT_TRY(std::string content, read_text_file(from));
    if (std::filesystem::exists(to, ignored)) {
      QT_TRY(const std::string there, read_text_file(to));
      if (there != content) {
        return fail(ErrorKind::kUserInput, "another tokenizer lies beside the output", to.string(),
                    "the model would be read with it", "choose a folder of its own for the model");
      }
      content.clear();
    }
    copies.emplace_back(to, std::move(content));
  }
  std::vector<std::filesystem::path> files;
  for (const auto& [to, content] : copies) {
    if (!content.empty()) {
      QT_TRY_STATUS(write_file_atomically(to, content));
      written.add(to);
    }
    files.push_back(to);
  }
  return files;
}

class Exporter {
 public:
  Exporter(const Checkpoint& checkpoint, const GgufExportOptions& options)
      : checkpoint_(checkpoint), options_(options) {}

  Result<std::vector<GgufTensorToWrite>> tensors() {
    const ModelSpec& spec = checkpoint_.spec();
    std::map<std::string_view, const LinearSpec*> linears;
    for (const LinearSpec& linear : spec.linears) linears.emplace(linear.weight, &linear);
    std::vector<GgufTensorToWrite> tensors;
    for (const GgufName& name : qwen2_gguf_names(spec)) {
      const std::vector<std::uint64_t> shape = checkpoint_.shape(name.tensor);
      const auto linear = linears.find(name.tensor);
      GgmlType type = GgmlType::kF32;
      std::string layer = "embedding";
      if (name.tensor == spec.embedding) {
        type = options_.embedding;
      } else if (linear != linears.end()) {
        type = is_head(linear->second->role) ? options_.head : options_.layers;
        layer = linear->second->name;
      }
      const std::uint64_t block = ggml_block_elements(type);
      if (shape.back() % block != 0) {
        return fail(ErrorKind::kUnsupported,
                    fmt::format("the layer {} cannot be stored as {}", layer, ggml_type_name(type)),
                    fmt::format("tensor {}", name.tensor),
                    fmt::format("its rows of {} elements are no multiple of {}", shape.back(), block),
                    "choose the type f16");
      }
      std::uint64_t bytes = ggml_block_bytes(type);
      for (const std::uint64_t size : shape) bytes *= size;  // it is in a file, so it fits
      tensors_.push_back({name.gguf, name.tensor, type, shape, bytes / block});
      tensors.push_back({name.gguf, type, shape, [this, index = tensors_.size() - 1](const auto& append) {
                           return write(tensors_[index], append);
                         }});
    }
    return tensors;
  }

  [[nodiscard]] std::vector<ExportedTensor> take_tensors() { return std::move(tensors_); }

 private:
  Status write(const ExportedTensor& tensor, const AppendFunction& append) {
    const std::uint64_t rows = tensor.shape.front();
    const std::uint64_t columns = tensor.shape.size() > 1 ? tensor.shape.back() : 1;
    const std::uint64_t step = std::max<std::uint64_t>(1, kPieceElements / columns);
    for (std::uint64_t row = 0; row < rows; row += step) {
      if (stop_requested(options_.interrupt)) return interrupted();
      const std::uint64_t count = std::min(step, rows - row);
      QT_TRY(const TensorData piece, checkpoint_.rows(tensor.source, row, count));
      values_.resize(static_cast<std::size_t>(count * columns));
      copy_as_float(piece.view(), 0, values_);
      encoded_.resize(values_.size() / ggml_block_elements(tensor.type) * ggml_block_bytes(tensor.type));
      QT_TRY_STATUS(check_finite(tensor, row, columns));
      ggml_encode(tensor.type, values_, encoded_);
      if (const auto element = find_overflow(tensor.type, encoded_)) {
        return fail(ErrorKind::kUserInput,
                    fmt::format("a weight is too large for {}", ggml_type_name(tensor.type)),
                    place(tensor, row, columns, *element), "a half holds at most 65504",
                    "this model cannot be exported with that type");
      }
      QT_TRY_STATUS(append(encoded_));
      checkpoint_.drop_pages(tensor.source);
    }
    if (options_.progress) options_.progress({"exporting", ++done_, tensors_.size()});
    return {};
  }

  [[nodiscard]] Status check_finite(const ExportedTensor& tensor, std::uint64_t row,
                                    std::uint64_t columns) const {
    const auto bad = std::ranges::find_if(values_, [](float value) { return !std::isfinite(value); });
    if (bad == values_.end()) return {};
    return fail(ErrorKind::kUserInput, "the weight is not a finite number",
                place(tensor, row, columns, static_cast<std::uint64_t>(bad - values_.begin())),
                fmt::format("it is {}", *bad), "the checkpoint is damaged or its training diverged");
  }

  static std::string place(const ExportedTensor& tensor, std::uint64_t row, std::uint64_t columns,
                           std::uint64_t element) {
    return fmt::format("tensor {}, row {}, column {}", tensor.source, row + element / columns,
                       element % columns);
  }

  const Checkpoint& checkpoint_;
  const GgufExportOptions& options_;
  std::vector<ExportedTensor> tensors_;
  std::vector<float> values_;
  std::vector<std::byte> encoded_;
  std::uint64_t done_ = 0;
};

}  // namespace

Result<GgufExport> export_gguf(const GgufExportOptions& options) {
  QT_TRY(const Checkpoint checkpoint, Checkpoint::open(options.model));
  QT_TRY_STATUS(check_model(checkpoint, options));
  QT_TRY(const GgufMetadata metadata, metadata_of(checkpoint, options));
  Exporter exporter(checkpoint, options);
  QT_TRY(const std::vector<GgufTensorToWrite> tensors, exporter.tensors());
  const std::filesystem::path folder = gguf_tokenizer_directory(options.out);
  WrittenSoFar written;
  std::error_code ignored;
  if (!std::filesystem::exists(folder, ignored)) written.add(folder);
  QT_TRY_STATUS(create_folders(folder));
  GgufExport result;
  QT_TRY(result.tokenizer_files, copy_tokenizer(checkpoint, folder, written));
  QT_TRY_STATUS(write_gguf(options.out, metadata, tensors));
  written.keep();
  result.tensors = exporter.take_tensors();
  result.file_bytes = std::filesystem::file_size(options.out, ignored);
  return result;
}

}  // namespace quantier
