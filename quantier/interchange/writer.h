// Checkpoints that are written, by format. A format is checked against the plan before anything is quantized;
// what it cannot express is kUnsupported and names layer and rule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/interchange/stored_tensor.h"

namespace quantier {

struct WriterFormat {
  const char* name;
  const char* loaded_by;  // for people
  Status (*check)(const ModelSpec&, const Plan&);
  Json (*config)(const ModelSpec&, const Plan&);  // "quantization_config" of config.json
  // May view `packed`.
  Result<std::vector<StoredTensor>> (*tensors)(const LinearSpec&, const PackedLinear&, const Plan&);
};

[[nodiscard]] const std::vector<WriterFormat>& writer_formats();
// kUsage with the nearest one.
[[nodiscard]] Result<const WriterFormat*> writer_format(std::string_view name);

// For the formats themselves.
[[nodiscard]] std::unexpected<Error> inexpressible(std::string_view format, std::string_view layer,
                                                   std::string rule);
[[nodiscard]] Status check_embedding_is_float(const Plan& plan, std::string_view format);
// No multiplier, no fixed outlier columns, no adapter.
[[nodiscard]] Status check_inputs_are_plain(const LinearSpec& linear, const PackedLinear& packed,
                                            std::string_view format);
// Weight and bias of a layer that is not quantized.
[[nodiscard]] std::vector<StoredTensor> floating_tensors(const LinearSpec& linear, const PackedLinear& packed,
                                                         ActivationRounding rounding);

}  // namespace quantier
