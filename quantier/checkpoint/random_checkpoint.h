// Model directories with random weights, in real geometries: what speed, memory and file handling are tried
// on where no trained model is at hand.
//
// Linear layers, embedding and biases are normal with standard deviation 0.02 (the initialization of both
// families), norm weights 1 plus that. Each tensor has its own Philox stream, so its numbers depend on the
// seed and its place in the forward pass and not on how the file is cut into shards. Written in pieces of
// 256 KiB: memory does not grow with the model. No tokenizer is written.
#pragma once

#include <cstdint>
#include <filesystem>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/tensor/dtype.h"

namespace quantier {

// The default is small enough for unit tests.
struct RandomGeometry {
  Family family = Family::kModernBert;
  std::uint64_t hidden = 32;
  std::uint64_t intermediate = 48;
  std::uint64_t layers = 4;
  std::uint64_t heads = 4;
  std::uint64_t kv_heads = 2;  // Qwen2 only
  std::uint64_t vocabulary = 64;
  std::uint64_t max_positions = 256;
  std::uint64_t local_attention = 8;  // ModernBERT only: the full window
  std::uint64_t global_every = 3;     // ModernBERT only
  std::uint64_t classes = 5;
};
[[nodiscard]] RandomGeometry modernbert_base_geometry(std::uint64_t classes);     // 150 M parameters
[[nodiscard]] RandomGeometry qwen2_half_billion_geometry(std::uint64_t classes);  // 494 M parameters

struct RandomCheckpointOptions {
  DType dtype = DType::kF32;                   // F32, F16 or BF16
  std::uint64_t max_shard_bytes = UINT64_MAX;  // a tensor larger than this gets a shard of its own
  std::uint64_t seed = 0;
};

// config.json for a geometry, in the spelling of transformers 5.
[[nodiscard]] Json random_checkpoint_config(const RandomGeometry& geometry, DType dtype);

// Creates the directory with config.json and the weights. Errors: kUserInput (a geometry that no model can
// have), kEnvironment (the disk).
[[nodiscard]] Status write_random_checkpoint(const std::filesystem::path& directory,
                                             const RandomGeometry& geometry,
                                             const RandomCheckpointOptions& options = {});

}  // namespace quantier
