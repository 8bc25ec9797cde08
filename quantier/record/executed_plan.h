// What really ran: layer by layer, beside what was asked for. A difference between the two is visible, never
// silent.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quantier {

struct ExecutedLayer {
  std::string name;              // "layers.0.attention.qkv"
  std::string role;              // "attention_qkv"
  std::string method;            // "none", "absmax", "llm-int8", "nf4"
  std::string requested_format;  // "f16"
  std::string executed_format;   // "f16"
  std::string kernel;            // "avx2/f16_panels_to_f32", "avx2/i8_panels_i32_sums", ...
  std::uint64_t out_features = 0;
  std::uint64_t in_features = 0;
  std::uint64_t weight_bytes = 0;
};

struct ExecutedPlan {
  std::string recipe;
  std::string device;  // "cpu"
  std::vector<std::pair<std::string, std::string>>
      options;  // "outlier_scope" -> "sequence", "activation_rounding" -> ...
  std::vector<ExecutedLayer> layers;
  std::vector<std::string> remarks;  // "memory, not speed, on this CPU", ...
  std::uint64_t weight_bytes = 0;    // everything that stays resident: layers, embeddings, norms, head
};

}  // namespace quantier
