// A PEFT LoRA directory, opened: what it changes in the tensors of its base model.
//
// Every tensor of the file must find its place, and every module that the configuration names its tensors:
// what is left over, missing or of another shape is an error that names the tensor and both shapes, because
// leaving it out would change the answers without a word. Nothing is computed here; lora_merge.h does that,
// a tensor at a time. Errors: those of the configuration and the file, kEnvironment (no weights),
// kUnsupported (pickle), kCorruptData (what does not fit).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/adapter/adapter_config.h"
#include "quantier/checkpoint/adapter/adapter_keys.h"
#include "quantier/checkpoint/adapter/lora_merge.h"
#include "quantier/checkpoint/families/family.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/checkpoint/safetensors.h"

namespace quantier {

// Rows of an embedding that were trained and replace the base's.
struct TrainedRows {
  std::vector<std::uint64_t> rows;  // rows[i] of the table becomes row i of `values`
  TensorView values;                // [rows, hidden]
};

// What becomes of one tensor of the base: replaced, then differed from.
struct TensorChange {
  std::optional<TensorView> whole;
  std::optional<LoraFactors> lora;
  std::optional<TrainedRows> rows;
};

struct AdaptedModule {
  std::string module;  // "model.layers.0.attn.Wqkv"
  std::uint64_t rank = 0;
  double scaling = 0;
  std::uint64_t parameters = 0;
};

// For people: what `quantier inspect` shows.
struct AdapterContent {
  std::vector<AdaptedModule> modules;      // in the order of the forward pass
  std::vector<std::string> saved_tensors;  // replace the base's
  std::uint64_t trained_rows = 0;          // of the embedding
  std::uint64_t trainable_parameters = 0;  // matrices, modules_to_save, biases, trained rows
  std::vector<std::string> unused_copies;  // of base tensors, beside a saved module
};

class Adapter {
 public:
  [[nodiscard]] static Result<Adapter> open(const ModelDirectory& directory);

  [[nodiscard]] const AdapterConfig& config() const { return config_; }
  [[nodiscard]] const std::filesystem::path& weight_file() const { return path_; }
  // The tensor that replaces the base's of this name.
  [[nodiscard]] std::optional<TensorView> whole(std::string_view tensor) const;

  // Lays every tensor of the adapter onto the tensors of `model`.
  Status match(const FamilyModel& model);
  // After match(): what changes in the base's tensor, or null.
  [[nodiscard]] const TensorChange* change(std::string_view tensor) const;
  [[nodiscard]] const AdapterContent& content() const { return content_; }
  // Lets the system take back the pages of what changes this tensor.
  void drop_pages(std::string_view tensor) const;

 private:
  struct Pair {
    std::optional<std::size_t> a, b;  // entries of the file
    bool of_embedding = false;
  };
  Adapter(SafetensorsFile file, std::filesystem::path path, AdapterConfig config, std::string source)
      : file_(std::move(file)),
        path_(std::move(path)),
        config_(std::move(config)),
        source_(std::move(source)) {}

  Status sort_entries();
  Status match_whole(const FamilyModel& model);
  Status match_pairs(const FamilyModel& model);
  Status match_rows(const FamilyModel& model);
  Status check_saved_modules(const FamilyModel& model) const;
  [[nodiscard]] const SafetensorsEntry& entry(std::size_t i) const { return file_.header().entries[i]; }
  [[nodiscard]] std::string where(std::size_t i) const;

  SafetensorsFile file_;
  std::filesystem::path path_;
  AdapterConfig config_;
  std::string source_;                                     // adapter_config.json, in errors
  std::map<std::string, std::size_t, std::less<>> whole_;  // tensor -> entry
  std::map<std::string, std::size_t, std::less<>> untouched_;
  std::map<std::string, Pair, std::less<>> pairs_;        // module -> matrices
  std::map<std::string, std::size_t, std::less<>> rows_;  // module -> entry
  std::map<std::string, TensorChange, std::less<>> changes_;
  AdapterContent content_;
};

}  // namespace quantier
