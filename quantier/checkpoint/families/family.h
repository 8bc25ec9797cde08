// One architecture: which tensors its checkpoint must hold, with role and shape.
//
// The list is exact, so a file that lacks a tensor or holds one too many is found out by comparison; no role
// is ever read out of a name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quantier/checkpoint/hf_config.h"
#include "quantier/checkpoint/model_spec.h"

namespace quantier {

struct ExpectedTensor {
  std::string name;
  std::vector<std::uint64_t> shape;
  bool in_head = false;   // what fine-tuning adds to a pretrained model
  bool optional = false;  // may be absent, and is not used when present
};

struct FamilyModel {
  ModelSpec spec;  // complete, but for `ignored`, which depends on the file
  std::vector<ExpectedTensor> tensors;
};

[[nodiscard]] FamilyModel modernbert_model(const HfConfig& config);
[[nodiscard]] FamilyModel qwen2_model(const HfConfig& config);
[[nodiscard]] FamilyModel family_model(const HfConfig& config);

// Adds parts to a FamilyModel so that spec and list of tensors cannot disagree.
class FamilyBuilder {
 public:
  explicit FamilyBuilder(const HfConfig& config) : model_{config.spec, {}} {}

  void embedding(const std::string& tensor);
  // Tensors `path`.weight [out, in] and, with a bias, `path`.bias [out].
  void linear(std::string name, LinearRole role, int layer, const std::string& path, std::uint64_t out,
              std::uint64_t in, bool bias);
  void norm(NormRole role, int layer, const std::string& path, bool bias);
  void ignorable(std::string tensor, std::vector<std::uint64_t> shape);
  [[nodiscard]] FamilyModel finish() { return std::move(model_); }

 private:
  FamilyModel model_;
};

}  // namespace quantier
