#include "quantier/pipeline/artefact_files.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/checkpoint/safetensors_writer.h"
#include "quantier/interchange/own/own_format.h"

namespace quantier {
namespace {

constexpr std::array kTokenizerFiles = {"tokenizer.json",
                                        "tokenizer_config.json",
                                        "special_tokens_map.json",
                                        "added_tokens.json",
                                        "vocab.json",
                                        "merges.txt",
                                        "vocab.txt"};
constexpr std::size_t kPartBytes = std::size_t{4} << 20;

const char* dtype_word(ActivationRounding rounding) {
  const DType dtype = rounded_dtype(rounding);
  return dtype == DType::kF16 ? "float16" : dtype == DType::kBF16 ? "bfloat16" : "float32";
}

TensorToWrite to_write(const JournalTensor& tensor, const MappedFile& data) {
  return {tensor.name, tensor.dtype, tensor.shape, [&tensor, &data](const AppendFunction& append) -> Status {
            const auto bytes = data.bytes().subspan(tensor.offset, tensor.bytes);
            for (std::size_t at = 0; at < bytes.size(); at += kPartBytes) {
              const auto part = bytes.subspan(at, std::min(kPartBytes, bytes.size() - at));
              QT_TRY_STATUS(append(part));
              data.drop_pages(part);
            }
            return {};
          }};
}

}  // namespace

Result<Json> artefact_config(const Checkpoint& checkpoint, const Plan& plan, const Json& quantization) {
  QT_TRY(Json config, checkpoint.config());
  if (checkpoint.adapter()) {
    const ModelSpec& spec = checkpoint.spec();
    Json names = Json::object();
    Json ids = Json::object();
    for (std::size_t i = 0; i < spec.label_names.size(); ++i) {
      names[std::to_string(i)] = spec.label_names[i];
      ids[spec.label_names[i]] = i;
    }
    config["architectures"] = {spec.architecture};
    config["id2label"] = std::move(names);
    config["label2id"] = std::move(ids);
    config.erase("num_labels");
  }
  if (config.contains("torch_dtype")) config["torch_dtype"] = dtype_word(plan.rounding);
  if (config.contains("dtype") || !config.contains("torch_dtype"))
    config["dtype"] = dtype_word(plan.rounding);
  config["quantization_config"] = quantization;
  return config;
}

Status copy_tokenizer(const Checkpoint& checkpoint, const std::filesystem::path& folder) {
  QT_TRY(const ModelDirectory directory, ModelDirectory::resolve(checkpoint.tokenizer_directory()));
  for (const char* name : kTokenizerFiles) {
    if (!directory.has(name)) continue;
    QT_TRY(const std::filesystem::path path, directory.file(name));
    QT_TRY(const MappedFile file, MappedFile::open(path));
    QT_TRY_STATUS(write_file_atomically(folder / name, file.text()));
  }
  return {};
}

Result<std::vector<std::string>> write_weight_files(const std::filesystem::path& folder,
                                                    const ArtefactJournal& journal,
                                                    std::uint64_t max_shard_bytes) {
  std::vector<std::vector<const JournalTensor*>> shards(1);
  std::uint64_t in_shard = 0;
  std::uint64_t total = 0;
  for (const auto& [name, item] : journal.items()) {
    for (const JournalTensor& tensor : item.tensors) {
      if (!shards.back().empty() && tensor.bytes > max_shard_bytes - std::min(in_shard, max_shard_bytes)) {
        shards.emplace_back();
        in_shard = 0;
      }
      shards.back().push_back(&tensor);
      in_shard += tensor.bytes;
      total += tensor.bytes;
    }
  }
  QT_TRY(const MappedFile data, MappedFile::open(journal.data_path()));
  std::vector<std::string> names;
  Json places = Json::object();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    names.push_back(shards.size() == 1
                        ? "model.safetensors"
                        : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size()));
    std::vector<TensorToWrite> tensors;
    for (const JournalTensor* tensor : shards[i]) {
      tensors.push_back(to_write(*tensor, data));
      places[tensor->name] = names.back();
    }
    // What transformers wants to see before it opens a file.
    QT_TRY_STATUS(write_safetensors(folder / names.back(), std::move(tensors), {{"format", "pt"}}));
  }
  if (shards.size() > 1) {
    const Json index{{"metadata", {{"total_size", total}}}, {"weight_map", std::move(places)}};
    QT_TRY_STATUS(write_file_atomically(folder / "model.safetensors.index.json", index.dump(2) + "\n"));
  }
  return names;
}

}  // namespace quantier
