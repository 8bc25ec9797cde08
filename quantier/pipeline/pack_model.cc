#include "quantier/pipeline/pack_model.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "quantier/base/check.h"
#include "quantier/quantize/low_rank.h"
#include "quantier/quantize/quantize.h"

namespace quantier {
namespace {

// Read at a time from the embedding table.
constexpr std::uint64_t kEmbeddingPartBytes = std::uint64_t{8} << 20;

Result<std::optional<TensorData>> read_bias(const Checkpoint& checkpoint,
                                            const std::optional<std::string>& name) {
  if (!name) return std::nullopt;
  return checkpoint.tensor(*name);
}

}  // namespace

Result<LowRank> adapter_beside(const Checkpoint& checkpoint, const LinearSpec& linear) {
  const std::optional<LoraFactors> factors = checkpoint.beside(linear.weight);
  return factors ? store_low_rank(linear, *factors) : LowRank{};
}

Status hand_over_embedding(const Checkpoint& checkpoint, const ModelSpec& spec, ModelSink& sink) {
  const std::uint64_t row_bytes = spec.hidden * dtype_bytes(checkpoint.dtype(spec.embedding));
  const std::uint64_t step = std::max<std::uint64_t>(1, kEmbeddingPartBytes / row_bytes);
  for (std::uint64_t row = 0; row < spec.vocabulary; row += step) {
    const std::uint64_t count = std::min(step, spec.vocabulary - row);
    QT_TRY(const TensorData part, checkpoint.rows(spec.embedding, row, count));
    QT_TRY_STATUS(sink.set_embedding_rows(row, part.view()));
    checkpoint.drop_pages(spec.embedding);
  }
  return {};
}

Result<PackedLinear> pack_one(const Checkpoint& checkpoint, const LinearSpec& linear, const LayerPlan& layer,
                              const Plan& plan, ThreadPool* pool) {
  QT_TRY(const TensorData weight, checkpoint.tensor(linear.weight));
  QT_TRY(const std::optional<TensorData> bias, read_bias(checkpoint, linear.bias));
  QT_TRY(PackedLinear packed,
         pack_linear(linear, layer, plan, weight.view(), bias ? &bias->view() : nullptr, pool));
  QT_TRY(packed.low_rank, adapter_beside(checkpoint, linear));
  checkpoint.drop_pages(linear.weight);
  return packed;
}

Status pack_model(const Checkpoint& checkpoint, const ModelSpec& spec, const Plan& plan, ModelSink& sink,
                  ThreadPool* pool) {
  QT_CHECK(plan.layers.size() == spec.linears.size(), "a plan has one entry for each linear layer");
  QT_TRY_STATUS(hand_over_embedding(checkpoint, spec, sink));
  for (const NormSpec& norm : spec.norms) {
    QT_TRY(const TensorData weight, checkpoint.tensor(norm.weight));
    QT_TRY(const std::optional<TensorData> bias, read_bias(checkpoint, norm.bias));
    QT_TRY_STATUS(sink.set_norm(norm, weight.view(), bias ? &bias->view() : nullptr));
  }
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    if (sink.has_linear(linear)) continue;
    QT_TRY(PackedLinear packed, pack_one(checkpoint, linear, plan.layers[i], plan, pool));
    QT_TRY_STATUS(sink.set_linear(linear, std::move(packed)));
  }
  return {};
}

}  // namespace quantier
