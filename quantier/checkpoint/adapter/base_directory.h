// Where the base model of an adapter is, and whose tokenizer counts. Never the network.
//
// In this order: the directory that the user names; base_model_name_or_path, when a directory of that name
// exists; the snapshot of that name in the hub cache of this user, ~/.cache/huggingface/hub (its revision
// when adapter_config.json names one). Errors: kEnvironment with everything that was looked for; kUserInput
// for a base that is an adapter itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "quantier/base/error.h"
#include "quantier/checkpoint/adapter/adapter_config.h"
#include "quantier/checkpoint/model_directory.h"

namespace quantier {

enum class BaseFoundBy : std::uint8_t { kGiven, kPath, kHubCache };
// "given", "base_model_name_or_path", "hub cache"
[[nodiscard]] const char* base_found_by_name(BaseFoundBy found_by);

struct BaseDirectory {
  ModelDirectory directory;
  BaseFoundBy found_by = BaseFoundBy::kGiven;
};
[[nodiscard]] Result<BaseDirectory> find_base(const ModelDirectory& adapter, const AdapterConfig& config,
                                              const std::optional<std::filesystem::path>& given);

// kUsage when a base is named and `directory`, which the location names, is no adapter.
[[nodiscard]] Status check_base_is_meant(const ModelDirectory& directory, const ModelLocation& location);

// adapter_config.json of the directory.
[[nodiscard]] Result<AdapterConfig> read_adapter_config(const ModelDirectory& adapter);

// The directory whose tokenizer.json a model uses: its own, or its base's when an adapter has none. Errors:
// those of ModelDirectory and find_base; a missing file is left to whoever reads it.
[[nodiscard]] Result<std::filesystem::path> find_tokenizer_directory(const ModelLocation& location);

}  // namespace quantier
