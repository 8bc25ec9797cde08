#include "quantier/pipeline/load_classifier.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/quantize/quantize.h"

namespace quantier {
namespace {

// Read at a time from the embedding table.
constexpr std::uint64_t kEmbeddingPartBytes = std::uint64_t{8} << 20;

// The table's first spec.vocabulary rows, part by part, so that it never stands in memory twice.
Status set_embedding(const Checkpoint& checkpoint, const ModelSpec& spec, EngineBuilder& builder) {
  const std::uint64_t row_bytes = spec.hidden * dtype_bytes(checkpoint.dtype(spec.embedding));
  const std::uint64_t step = std::max<std::uint64_t>(1, kEmbeddingPartBytes / row_bytes);
  for (std::uint64_t row = 0; row < spec.vocabulary; row += step) {
    const std::uint64_t count = std::min(step, spec.vocabulary - row);
    QT_TRY(const TensorData part, checkpoint.rows(spec.embedding, row, count));
    QT_TRY_STATUS(builder.set_embedding_rows(row, part.view()));
    checkpoint.drop_pages(spec.embedding);
  }
  return {};
}

Result<std::optional<TensorData>> read_bias(const Checkpoint& checkpoint,
                                            const std::optional<std::string>& name) {
  if (!name) return std::nullopt;
  return checkpoint.tensor(*name);
}

ModelSpec first_layers(ModelSpec spec, std::size_t layers) {
  const auto beyond = [&](const auto& part) { return part.layer >= static_cast<int>(layers); };
  std::erase_if(spec.linears, beyond);
  std::erase_if(spec.norms, beyond);
  spec.layers.resize(layers);
  spec.vocabulary = std::min(spec.vocabulary, kProbeVocabulary);
  return spec;
}

// `spec` is the checkpoint's, or a part of it.
Result<std::unique_ptr<Classifier>> build(const Checkpoint& checkpoint, const ModelSpec& spec,
                                          const Plan& plan, EngineKind kind, ThreadPool& pool) {
  QT_CHECK(plan.layers.size() == spec.linears.size(), "a plan has one entry for each linear layer");
  QT_TRY(const std::unique_ptr<EngineBuilder> builder, EngineBuilder::create(spec, plan, kind, pool));

  QT_TRY_STATUS(set_embedding(checkpoint, spec, *builder));
  for (const NormSpec& norm : spec.norms) {
    QT_TRY(const TensorData weight, checkpoint.tensor(norm.weight));
    QT_TRY(const std::optional<TensorData> bias, read_bias(checkpoint, norm.bias));
    QT_TRY_STATUS(builder->set_norm(norm, weight.view(), bias ? &bias->view() : nullptr));
  }
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    QT_TRY(const TensorData weight, checkpoint.tensor(linear.weight));
    QT_TRY(const std::optional<TensorData> bias, read_bias(checkpoint, linear.bias));
    QT_TRY(PackedLinear packed,
           pack_linear(linear, plan.layers[i], plan, weight.view(), bias ? &bias->view() : nullptr));
    checkpoint.drop_pages(linear.weight);
    QT_TRY_STATUS(builder->set_linear(linear, std::move(packed)));
  }
  return builder->finish();
}

}  // namespace

Result<LoadedModel> load_classifier(const ModelLocation& location, std::string_view recipe,
                                    const RecipeOptions& options, EngineKind kind, ThreadPool& pool) {
  try {
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(location));
    QT_TRY(Plan plan, resolve_recipe(recipe, checkpoint.spec(), options));
    QT_TRY(Tokenizer tokenizer, Tokenizer::load(checkpoint.tokenizer_directory()));
    QT_TRY(std::unique_ptr<Classifier> classifier, build(checkpoint, checkpoint.spec(), plan, kind, pool));
    if (tokenizer.vocabulary_size() > checkpoint.spec().vocabulary) {
      return fail(ErrorKind::kUserInput, "the tokenizer and the model do not fit together",
                  location.directory.string(),
                  fmt::format("tokenizer.json has ids up to {}, the embedding has {} rows",
                              tokenizer.vocabulary_size() - 1, checkpoint.spec().vocabulary),
                  "take both files from the same fine-tuned model");
    }
    return LoadedModel{checkpoint.spec(), std::move(plan), std::move(classifier), std::move(tokenizer)};
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kEnvironment, "not enough memory to load the model", location.directory.string(),
                fmt::format("recipe {}", recipe),
                "free memory, or choose a recipe with smaller weights (`quantier inspect` shows the bytes)");
  }
}

Result<ProbeModel> load_first_layers(const Checkpoint& checkpoint, std::string_view recipe,
                                     const RecipeOptions& options, std::size_t layers, ThreadPool& pool) {
  QT_CHECK(layers >= 1 && layers <= checkpoint.spec().layers.size(), "the model has so many layers");
  const ModelSpec spec = first_layers(checkpoint.spec(), layers);
  QT_TRY(const Plan plan, resolve_recipe(recipe, spec, options));
  QT_TRY(std::unique_ptr<Classifier> classifier, build(checkpoint, spec, plan, EngineKind::kCpu, pool));
  return ProbeModel{std::move(classifier), spec.vocabulary, plan.total_bytes()};
}

}  // namespace quantier
