#include "quantier/interchange/writer.h"

#include <fmt/format.h>

#include "quantier/base/nearest_word.h"
#include "quantier/base/utf8.h"
#include "quantier/interchange/bitsandbytes/bitsandbytes.h"
#include "quantier/interchange/compressed_tensors/compressed_tensors.h"
#include "quantier/interchange/int4/int4_checkpoints.h"
#include "quantier/interchange/own/own_format.h"

namespace quantier {
namespace {

Status check_own(const ModelSpec& /*spec*/, const Plan& /*plan*/) { return {}; }

// Other programs must not take the file for one in floating point.
Json own_config(const ModelSpec& /*spec*/, const Plan& plan) {
  return {{"quant_method", "quantier"}, {"format_version", kOwnFormatVersion}, {"recipe", plan.recipe}};
}

Result<std::vector<StoredTensor>> own(const LinearSpec& linear, const PackedLinear& packed,
                                      const Plan& plan) {
  return own_tensors(linear, packed, plan.rounding);
}

}  // namespace

const std::vector<WriterFormat>& writer_formats() {
  static const std::vector<WriterFormat> formats = {
      {"quantier", "Quantier", check_own, own_config, own},
      {"bitsandbytes", "transformers with bitsandbytes", check_bitsandbytes, bitsandbytes_config,
       bitsandbytes_tensors},
      {"compressed-tensors", "transformers with compressed-tensors, vLLM", check_compressed_tensors,
       compressed_tensors_config, compressed_tensors_tensors},
      {"gptq", "programs that read GPTQ v1", check_gptq, gptq_config, gptq_tensors},
      {"awq", "programs that read AWQ gemm", check_awq, awq_config, awq_tensors},
  };
  return formats;
}

Result<const WriterFormat*> writer_format(std::string_view name) {
  std::vector<std::string> names;
  for (const WriterFormat& format : writer_formats()) {
    if (name == format.name) return &format;
    names.emplace_back(format.name);
  }
  return fail(ErrorKind::kUsage, fmt::format("the format \"{}\" is not known", printable(name, 60)),
              "--format", "", suggestion(name, names));
}

std::unexpected<Error> inexpressible(std::string_view format, std::string_view layer, std::string rule) {
  return fail(ErrorKind::kUnsupported, fmt::format("{} cannot express this plan", format),
              fmt::format("layer {}", layer), std::move(rule),
              "give the layer another recipe in a plan file, or choose another --format");
}

Status check_embedding_is_float(const Plan& plan, std::string_view format) {
  if (plan.embedding != EmbeddingFormat::kI8Row) return {};
  return inexpressible(format, "embedding", "embeddings stay in floating point");
}

Status check_inputs_are_plain(const LinearSpec& linear, const PackedLinear& packed, std::string_view format) {
  if (!packed.input.multiplier.empty()) {
    return inexpressible(format, linear.name, "its inputs are multiplied first, which has no place there");
  }
  if (!packed.input.outlier_columns.empty()) {
    return inexpressible(format, linear.name, "its outlier columns are fixed, which has no place there");
  }
  if (packed.low_rank.rank > 0) {
    return inexpressible(format, linear.name, "an adapter stands beside its weights: merge it first");
  }
  return {};
}

std::vector<StoredTensor> floating_tensors(const LinearSpec& linear, const PackedLinear& packed,
                                           ActivationRounding rounding) {
  return own_tensors(linear, packed, rounding);
}

}  // namespace quantier
