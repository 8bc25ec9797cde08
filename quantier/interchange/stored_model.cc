#include "quantier/interchange/stored_model.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/half.h"
#include "quantier/base/nearest_word.h"
#include "quantier/base/utf8.h"
#include "quantier/formats/i8_row.h"
#include "quantier/interchange/bitsandbytes/bitsandbytes.h"
#include "quantier/interchange/compressed_tensors/compressed_tensors.h"
#include "quantier/interchange/int4/int4_checkpoints.h"
#include "quantier/interchange/own/own_format.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/interchange/stored_plan.h"

namespace quantier {
namespace {

struct Reader {
  const char* method;  // "quant_method"
  Result<Plan> (*plan)(const Checkpoint&);
  Result<PackedLinear> (*linear)(const Checkpoint&, const LinearSpec&, const LayerRecipe&, const Plan&);
};

constexpr std::array kReaders = {
    Reader{"quantier", read_own_plan, read_own_linear},
    Reader{"bitsandbytes", read_bitsandbytes_plan, read_bitsandbytes_linear},
    Reader{"compressed-tensors", read_compressed_tensors_plan, read_compressed_tensors_linear},
    Reader{"gptq", read_gptq_plan, read_gptq_linear},
    Reader{"awq", read_awq_plan, read_awq_linear},
};

// Read at a time from the embedding table.
constexpr std::uint64_t kEmbeddingPartBytes = std::uint64_t{8} << 20;

Result<const Reader*> reader_of(const Checkpoint& checkpoint) {
  const std::string& method = checkpoint.quantization()->method;
  for (const Reader& reader : kReaders) {
    if (method == reader.method) return &reader;
  }
  return fail(ErrorKind::kUnsupported,
              fmt::format("weights quantized by \"{}\" are not read", printable(method, 60)),
              checkpoint.directory().string(), fmt::format("read: {}", fmt::join(readable_formats(), ", ")),
              "start from the full-precision checkpoint");
}

// The embedding stands in floating point and alone, or as codes with one scale a row.
Status check_embedding(const Checkpoint& checkpoint, const Plan& plan) {
  const ModelSpec& spec = checkpoint.spec();
  PartReader part(checkpoint, spec.embedding);
  const bool as_codes = plan.embedding == EmbeddingFormat::kI8Row;
  if (as_codes == checkpoint.has(spec.embedding)) {
    return part.damaged(".weight", as_codes ? "it is there in floating point, planned as int8"
                                            : "it is not there in floating point");
  }
  if (as_codes) {
    QT_TRY_STATUS(part.take(".codes", {DType::kI8}, {spec.vocabulary, spec.hidden}));
    QT_TRY(const TensorView absmax, part.take(".row_absmax", {DType::kF32}, {spec.vocabulary}));
    QT_TRY_STATUS(read_finite(part, ".row_absmax", absmax));
  }
  return part.finish();
}

Result<TensorData> i8_embedding_rows(const Checkpoint& checkpoint, std::uint64_t first, std::uint64_t count) {
  const ModelSpec& spec = checkpoint.spec();
  PartReader part(checkpoint, spec.embedding);
  QT_TRY(const TensorView codes, part.take(".codes", {DType::kI8}, {spec.vocabulary, spec.hidden}));
  QT_TRY(const TensorView absmax, part.take(".row_absmax", {DType::kF32}, {spec.vocabulary}));
  std::vector<float> scales(count);
  copy_as_float(absmax, first, scales);
  AlignedBuffer<std::byte> bytes(count * spec.hidden * sizeof(std::uint16_t), MemoryOwner::kOther);
  for (std::uint64_t i = 0; i < count * spec.hidden; ++i) {
    std::int8_t code = 0;
    std::memcpy(&code, codes.bytes.data() + first * spec.hidden + i, 1);
    const std::uint16_t bits = to_half(i8_weight(code, scales[i / spec.hidden])).bits;
    std::memcpy(bytes.data() + i * sizeof bits, &bits, sizeof bits);
  }
  return TensorData(DType::kF16, {count, spec.hidden}, std::move(bytes));
}

}  // namespace

std::vector<std::string> readable_formats() {
  std::vector<std::string> names;
  for (const Reader& reader : kReaders) names.emplace_back(reader.method);
  return names;
}

Result<Plan> stored_plan(const Checkpoint& checkpoint) {
  QT_TRY(const Reader* reader, reader_of(checkpoint));
  QT_TRY(Plan plan, reader->plan(checkpoint));
  QT_TRY_STATUS(check_embedding(checkpoint, plan));
  return plan;
}

Result<PackedLinear> stored_linear(const Checkpoint& checkpoint, const LinearSpec& linear,
                                   const LayerRecipe& recipe, const Plan& plan) {
  QT_TRY(const Reader* reader, reader_of(checkpoint));
  return reader->linear(checkpoint, linear, recipe, plan);
}

Result<TensorData> stored_embedding_rows(const Checkpoint& checkpoint, const Plan& plan, std::uint64_t first,
                                         std::uint64_t count) {
  const std::string& name = checkpoint.spec().embedding;
  if (plan.embedding == EmbeddingFormat::kI8Row) return i8_embedding_rows(checkpoint, first, count);
  return checkpoint.rows(name, first, count);
}

Status hand_over_stored(const Checkpoint& checkpoint, const ModelSpec& spec, const Plan& plan,
                        ModelSink& sink) {
  const std::uint64_t step = std::max<std::uint64_t>(1, kEmbeddingPartBytes / (spec.hidden * sizeof(float)));
  for (std::uint64_t row = 0; row < spec.vocabulary; row += step) {
    QT_TRY(const TensorData rows,
           stored_embedding_rows(checkpoint, plan, row, std::min(step, spec.vocabulary - row)));
    QT_TRY_STATUS(sink.set_embedding_rows(row, rows.view()));
    checkpoint.drop_pages(spec.embedding);
  }
  for (const NormSpec& norm : spec.norms) {
    QT_TRY(const TensorData weight, checkpoint.tensor(norm.weight));
    if (!norm.bias) {
      QT_TRY_STATUS(sink.set_norm(norm, weight.view(), nullptr));
      continue;
    }
    QT_TRY(const TensorData bias, checkpoint.tensor(*norm.bias));
    QT_TRY_STATUS(sink.set_norm(norm, weight.view(), &bias.view()));
  }
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    QT_TRY(PackedLinear packed, stored_linear(checkpoint, linear, plan.layers[i].recipe, plan));
    checkpoint.drop_pages(linear.weight);
    QT_TRY_STATUS(sink.set_linear(linear, std::move(packed)));
  }
  return {};
}

}  // namespace quantier
