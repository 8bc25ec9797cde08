// Under what conditions a run was made: the program, the machine, the libraries and what went in, by hash.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/engine/builder.h"
#include "quantier/record/measurement.h"

namespace quantier {

[[nodiscard]] std::string program_version();   // "0.1.0"
[[nodiscard]] std::string program_revision();  // of git, or "unknown"
[[nodiscard]] std::string cpu_model();         // as the system names it
[[nodiscard]] std::string instruction_sets();  // those that matter here, of this machine: "avx2 fma ..."
[[nodiscard]] std::string library_versions();  // as loaded, not as compiled against where that can be told
[[nodiscard]] std::string kernel_release();

// Everything but the hashes.
[[nodiscard]] Provenance describe_machine(std::uint32_t threads, const EngineChoice& engine = {});
// The processor, or the CUDA device and the processor beside it.
[[nodiscard]] std::string machine_text(const EngineChoice& engine);

struct ModelHashes {
  // Over the hashes of the files, in Checkpoint's order; one file: that file's hash. Of an adapter both hold
  // its own files beside its base's.
  std::string weights;
  std::string config;
  std::string tokenizer;
};
[[nodiscard]] Result<ModelHashes> hash_model(const Checkpoint& checkpoint);

// Of the running program, so that a rebuilt one does not take another's runs for its own.
[[nodiscard]] Result<std::string> program_sha256();

}  // namespace quantier
