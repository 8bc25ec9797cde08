#include "quantier/pipeline/pack_model.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "quantier/base/check.h"
#include "quantier/quantize/quantize.h"

namespace quantier {
namespace {

// Read at a time from the embedding table.
constexpr std::uint64_t kEmbeddingPartBytes = std::uint64_t{8} << 20;

}  // namespace

Status hand_over_embedding(const Checkpoint& checkpoint, const ModelSpec& spec, ModelSink& sink) {
  const TensorView table = checkpoint.tensor(spec.embedding);
  const std::uint64_t row_bytes = spec.hidden * dtype_bytes(table.dtype);
  const std::uint64_t step = std::max<std::uint64_t>(1, kEmbeddingPartBytes / row_bytes);
  for (std::uint64_t row = 0; row < spec.vocabulary; row += step) {
    const std::uint64_t count = std::min(step, spec.vocabulary - row);
    const TensorView part{
        table.dtype, {count, spec.hidden}, table.bytes.subspan(row * row_bytes, count * row_bytes)};
    QT_TRY_STATUS(sink.set_embedding_rows(row, part));
    checkpoint.drop_pages(spec.embedding);
  }
  return {};
}

Status pack_model(const Checkpoint& checkpoint, const ModelSpec& spec, const Plan& plan, ModelSink& sink) {
  QT_CHECK(plan.layers.size() == spec.linears.size(), "a plan has one entry for each linear layer");
  QT_TRY_STATUS(hand_over_embedding(checkpoint, spec, sink));
  for (const NormSpec& norm : spec.norms) {
    std::optional<TensorView> bias;
    if (norm.bias) bias = checkpoint.tensor(*norm.bias);
    QT_TRY_STATUS(sink.set_norm(norm, checkpoint.tensor(norm.weight), bias ? &*bias : nullptr));
  }
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    std::optional<TensorView> bias;
    if (linear.bias) bias = checkpoint.tensor(*linear.bias);
    QT_TRY(PackedLinear packed, pack_linear(linear, plan.layers[i], plan, checkpoint.tensor(linear.weight),
                                            bias ? &*bias : nullptr));
    checkpoint.drop_pages(linear.weight);
    QT_TRY_STATUS(sink.set_linear(linear, std::move(packed)));
  }
  return {};
}

}  // namespace quantier
