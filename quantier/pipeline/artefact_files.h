// The files of a written checkpoint beside its tensors: a config.json that says what the weights are now, the
// tokenizer's files, and the weights in safetensors files of a bounded size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/artefact_journal.h"

namespace quantier {

// Larger models are cut into shards with an index.
inline constexpr std::uint64_t kMaxShardBytes = std::uint64_t{4} << 30;

// The source's, with every key it has, and `quantization`. Of an adapter's model it describes the classifier
// that came out: architecture and labels.
[[nodiscard]] Result<Json> artefact_config(const Checkpoint& checkpoint, const Plan& plan,
                                           const Json& quantization);

[[nodiscard]] Status copy_tokenizer(const Checkpoint& checkpoint, const std::filesystem::path& folder);

// Names of the files.
[[nodiscard]] Result<std::vector<std::string>> write_weight_files(
    const std::filesystem::path& folder, const ArtefactJournal& journal,
    std::uint64_t max_shard_bytes = kMaxShardBytes);

}  // namespace quantier
