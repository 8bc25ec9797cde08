// A Qwen2 classifier as one GGUF file, with its tokenizer.json beside it.
//
// Tensors go through a piece at a time: some rows read (and, for an adapter, merged), encoded, appended;
// nothing of the model stands in memory whole, and the file appears only when it is complete. Matrices of the
// layers get the type asked for; the embedding and the head keep halves unless they are named too, as in
// Quantier's own recipes; vectors (norms, biases) are F32. Errors: those of the checkpoint; kUnsupported for
// ModernBERT, for a tokenizer that GGUF cannot express and for a row that is not a whole number of blocks, by
// layer; kUserInput for weights that are not finite or whose scale exceeds a half, and for another tokenizer
// beside the output.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/checkpoint/gguf/ggml_block.h"
#include "quantier/checkpoint/model_directory.h"

namespace quantier {

struct GgufExportOptions {
  ModelLocation model;
  GgmlType layers = GgmlType::kQ8_0;
  GgmlType embedding = GgmlType::kF16;
  GgmlType head = GgmlType::kF16;
  std::filesystem::path out;  // FILE.gguf
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct ExportedTensor {
  std::string name;  // in the file
  std::string source;
  GgmlType type = GgmlType::kF32;
  std::vector<std::uint64_t> shape;
  std::uint64_t bytes = 0;
};

struct GgufExport {
  std::vector<ExportedTensor> tensors;
  std::uint64_t file_bytes = 0;
  std::vector<std::filesystem::path> tokenizer_files;  // beside the output
};

[[nodiscard]] Result<GgufExport> export_gguf(const GgufExportOptions& options);

}  // namespace quantier
