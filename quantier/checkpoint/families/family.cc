#include "quantier/checkpoint/families/family.h"

#include <utility>

namespace quantier {

void FamilyBuilder::embedding(const std::string& tensor) {
  model_.spec.embedding = tensor;
  model_.tensors.push_back({tensor, {model_.spec.vocabulary, model_.spec.hidden}});
}

void FamilyBuilder::linear(std::string name, LinearRole role, int layer, const std::string& path,
                           std::uint64_t out, std::uint64_t in, bool bias) {
  LinearSpec linear;
  linear.name = std::move(name);
  linear.role = role;
  linear.layer = layer;
  linear.weight = path + ".weight";
  linear.out_features = out;
  linear.in_features = in;
  model_.tensors.push_back({linear.weight, {out, in}, is_head(role)});
  if (bias) {
    linear.bias = path + ".bias";
    model_.tensors.push_back({*linear.bias, {out}, is_head(role)});
  }
  model_.spec.linears.push_back(std::move(linear));
}

void FamilyBuilder::norm(NormRole role, int layer, const std::string& path, bool bias) {
  NormSpec norm;
  norm.role = role;
  norm.layer = layer;
  norm.weight = path + ".weight";
  const bool in_head = role == NormRole::kHead;
  model_.tensors.push_back({norm.weight, {model_.spec.hidden}, in_head});
  if (bias) {
    norm.bias = path + ".bias";
    model_.tensors.push_back({*norm.bias, {model_.spec.hidden}, in_head});
  }
  model_.spec.norms.push_back(std::move(norm));
}

void FamilyBuilder::ignorable(std::string tensor, std::vector<std::uint64_t> shape) {
  model_.tensors.push_back({std::move(tensor), std::move(shape), false, true});
}

FamilyModel family_model(const HfConfig& config) {
  return config.spec.family == Family::kModernBert ? modernbert_model(config) : qwen2_model(config);
}

}  // namespace quantier
