// A model as it stands on the device, and how it gets there.
//
// One allocation holds everything, laid out from the spec and the plan before the first tensor comes; each
// tensor is copied to its place and forgotten on the host. What one product can make at once is one matrix:
// queries, keys and values; gates and ups, which alternate in blocks of kGateBlock rows (kernels.h). Gathered
// layers must have the same format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/engine/cuda/device_memory.h"
#include "quantier/engine/cuda/kernels.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier::cuda {

struct DeviceLinear {
  bool is_i8 = false;
  const void* weights = nullptr;        // elements or int8 codes, [outputs, inputs]
  const float* absmax = nullptr;        // [outputs] of int8 codes
  const float* bias = nullptr;          // [outputs] or null
  const void* bias_elements = nullptr;  // the same beside elements, or null
  const float* multiplier = nullptr;    // [inputs] or null
  std::uint32_t outputs = 0;
  std::uint32_t inputs = 0;
};

struct DeviceNorm {
  const float* weight = nullptr;
  const float* bias = nullptr;  // or null
};

struct DeviceLayer {
  std::optional<DeviceNorm> attention_norm;
  DeviceLinear qkv;
  DeviceLinear attention_output;
  DeviceNorm mlp_norm;
  DeviceLinear gate_up;
  DeviceLinear down;
};

struct DeviceEmbedding {
  const void* table = nullptr;
  const float* absmax = nullptr;  // of int8 codes
};

// What stands in the way of a plan on the device, if anything does: kUnsupported.
[[nodiscard]] Status check_supported(const ModelSpec& spec, const Plan& plan, const Kernels& kernels);

class DeviceModel {
 public:
  // Both have been checked. Throws std::bad_alloc when the device has no room.
  DeviceModel(const ModelSpec& spec, const Plan& plan);

  [[nodiscard]] Status set_embedding_rows(std::uint64_t first_row, const TensorView& rows);
  [[nodiscard]] Status set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias);
  [[nodiscard]] Status set_linear(const LinearSpec& linear, const PackedLinear& packed);

  [[nodiscard]] const ModelSpec& spec() const { return spec_; }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] Element element() const { return element_; }
  [[nodiscard]] const DeviceEmbedding& embedding() const { return embedding_; }
  [[nodiscard]] const DeviceLayer& layer(std::size_t index) const { return layers_[index]; }
  // The norm in a role outside the layers; null where the model has none.
  [[nodiscard]] const DeviceNorm* norm(NormRole role) const;
  // The classifier's outputs are rounded up to a multiple of 8; those beyond the classes are 0.
  [[nodiscard]] const DeviceLinear& classifier() const { return classifier_; }
  [[nodiscard]] const DeviceLinear* head_dense() const { return head_dense_ ? &*head_dense_ : nullptr; }

 private:
  // Rows of a layer's weights and where they go in a matrix.
  struct Placement {
    std::uint32_t source_row = 0;
    std::uint32_t rows = 0;
    std::uint32_t target_row = 0;
    bool alternates = false;  // blocks of kGateBlock rows, as many others in between
  };
  struct Place {
    DeviceLinear* matrix = nullptr;
    std::vector<Placement> placements;
  };
  [[nodiscard]] Place place_of(const LinearSpec& linear);
  void lay_out();
  [[nodiscard]] Status put_rows(const void* target, const void* source, std::size_t row_bytes,
                                const Place& place) const;
  [[nodiscard]] Status set_multiplier(const LinearSpec& linear, const std::vector<float>& multiplier,
                                      const DeviceLinear& matrix);

  ModelSpec spec_;
  Plan plan_;
  Element element_ = Element::kHalf;
  DeviceBuffer memory_;
  DeviceEmbedding embedding_;
  std::vector<DeviceLayer> layers_;
  std::map<NormRole, DeviceNorm> norms_;
  std::optional<DeviceLinear> head_dense_;
  DeviceLinear classifier_;
  std::map<const DeviceLinear*, std::vector<float>> multipliers_;  // gathered layers share theirs
};

}  // namespace quantier::cuda
