#include "quantier/engine/builder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"
#include "quantier/engine/check_batch.h"
#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/engine/cuda_engine.h"
#include "quantier/engine/graph/graph.h"
#include "quantier/engine/reference/reference_ops.h"
#include "quantier/formats/rounding.h"

namespace quantier {
namespace {

const char* rounding_text(ActivationRounding rounding) {
  switch (rounding) {
    case ActivationRounding::kHalf:
      return "IEEE half after embedding, norms, linear layers, rotary embedding, attention, activation, "
             "product "
             "and sums";
    case ActivationRounding::kBFloat16:
      return "bfloat16 after embedding, norms, linear layers, rotary embedding, attention, activation, "
             "product "
             "and sums";
    case ActivationRounding::kNone:
      break;
  }
  return "none";
}

// Rows of a text that are worth a thread: a tile of the products.
constexpr std::uint32_t kLeastSharedRows = 8;

class GraphClassifier final : public Classifier {
 public:
  // `executed` holds what the caller added.
  GraphClassifier(ModelWeights weights, EngineKind kind, ThreadPool& pool, ExecutedPlan executed)
      : weights_(std::move(weights)),
        kind_(kind),
        pool_(pool),
        workers_(pool.threads()),
        executed_(std::move(executed)) {
    for (Worker& worker : workers_) {
      if (kind == EngineKind::kReference) {
        worker.ops = std::make_unique<ReferenceOps>(weights_.plan);
      } else {
        worker.ops = std::make_unique<CpuOps>(weights_.plan, cpu::chosen_kernels());
      }
    }
    fill_executed_plan(kind);
  }

  [[nodiscard]] std::size_t class_count() const override { return weights_.spec.classes; }
  [[nodiscard]] const ExecutedPlan& executed_plan() const override { return executed_; }

  [[nodiscard]] Status predict(const TokenBatch& batch, std::span<float> logits) override {
    QT_TRY_STATUS(validate(batch, logits.size()));
    if (kind_ == EngineKind::kCpu && batch.size() < workers_.size()) {
      share_texts(batch, logits);
      return {};
    }
    cut_into_pieces(batch);
    pool_.run(pieces_.size(), [&](std::size_t task, std::size_t thread) {
      run_piece(batch, pieces_[task], workers_[thread], logits);
    });
    return {};
  }

 private:
  struct Worker {
    std::unique_ptr<Ops> ops;
    Workspace workspace;
    std::vector<std::uint32_t> offsets;
  };
  struct Piece {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  // As many pieces of about equal size as keep all threads busy and each piece small. Logits do not depend on
  // where the cuts are, except where LLM.int8() looks for outliers over the whole batch: then there is none.
  void cut_into_pieces(const TokenBatch& batch) {
    pieces_.clear();
    const std::size_t tokens = batch.tokens.size();
    const bool whole =
        weights_.plan.outlier_scope == OutlierScope::kBatch && !rows_are_independent(weights_.plan);
    const std::size_t per_round = micro_batch_tokens() * workers_.size();
    const std::size_t pieces = whole ? 1 : (tokens + per_round - 1) / per_round * workers_.size();
    std::size_t begin = 0;
    for (std::size_t text = 0; text < batch.size(); ++text) {
      // A text belongs to the piece in which its middle lies.
      const bool last = text + 1 == batch.size();
      const auto piece_of = [&](std::size_t i) {
        return (std::size_t{batch.offsets[i]} + batch.offsets[i + 1]) * pieces / (2 * tokens);
      };
      if (last || piece_of(text + 1) != piece_of(begin)) {
        pieces_.push_back({begin, text + 1});
        begin = text + 1;
      }
    }
  }

  // Texts that are fewer than threads: one after another, each by all threads, a few rows each. Logits are
  // the same bits, because a row's result does not depend on which thread makes it.
  void share_texts(const TokenBatch& batch, std::span<float> logits) {
    const bool is_whole =
        weights_.plan.outlier_scope == OutlierScope::kBatch && !rows_are_independent(weights_.plan);
    if (is_whole && batch.size() > 1) return run_piece(batch, {0, batch.size()}, workers_[0], logits);
    for (std::size_t text = 0; text < batch.size(); ++text) {
      const std::uint32_t begin = batch.offsets[text];
      const std::uint32_t length = batch.offsets[text + 1] - begin;
      const std::size_t members = std::clamp<std::size_t>(length / kLeastSharedRows, 1, workers_.size());
      if (members == 1) {
        run_piece(batch, {text, text + 1}, workers_[0], logits);
        continue;
      }
      const std::array<std::uint32_t, 2> offsets = {0, length};
      const TokenBatch part{batch.tokens.subspan(begin, length), offsets};
      const auto out = logits.subspan(text * class_count(), class_count());
      shared_.prepare(weights_.spec, length, 1, true);
      Team team(members, length);
      pool_.run(members, [&](std::size_t member, std::size_t thread) {
        const std::array<std::uint32_t, 2> rows = {shared_row(length, member, members),
                                                   shared_row(length, member + 1, members)};
        try {
          run_graph_shared(weights_, part, *workers_[thread].ops, shared_, team, member, rows, out);
        } catch (...) {
          team.give_up();
          workers_[thread].ops->join(nullptr, 0);
          throw;
        }
      });
    }
  }

  // Where a member's rows begin: whole tiles of the products.
  static std::uint32_t shared_row(std::uint32_t length, std::size_t member, std::size_t members) {
    const auto tiles = (length + kLeastSharedRows - 1) / kLeastSharedRows;
    return std::min(length, static_cast<std::uint32_t>(tiles * member / members * kLeastSharedRows));
  }

  void run_piece(const TokenBatch& batch, Piece piece, Worker& worker, std::span<float> logits) {
    const std::uint32_t first = batch.offsets[piece.begin];
    worker.offsets.resize(piece.end - piece.begin + 1);
    for (std::size_t i = 0; i < worker.offsets.size(); ++i)
      worker.offsets[i] = batch.offsets[piece.begin + i] - first;
    const TokenBatch part{batch.tokens.subspan(first, worker.offsets.back()), worker.offsets};
    const auto out = logits.subspan(piece.begin * class_count(), part.size() * class_count());
    run_graph(weights_, part, *worker.ops, worker.workspace, out);
  }

  [[nodiscard]] Status validate(const TokenBatch& batch, std::size_t logits) const {
    QT_CHECK(logits == batch.size() * class_count(), "logits have room for the batch");
    return check_batch(weights_.spec, batch);
  }

  void fill_executed_plan(EngineKind kind) {
    const Plan& plan = weights_.plan;
    executed_.recipe = plan.recipe;
    executed_.device = "cpu";
    std::string rounding = rounding_text(plan.rounding);
    if (kind == EngineKind::kCpu && plan.rounding == ActivationRounding::kBFloat16 &&
        cpu::chosen_kernels().multiply_bf16 != nullptr)
      rounding += "; attention's probabilities too";
    executed_.options.emplace_back("activation_rounding", std::move(rounding));
    for (std::size_t i = 0; i < weights_.spec.linears.size(); ++i) {
      const LinearSpec& linear = weights_.spec.linears[i];
      ExecutedLayer layer;
      layer.name = linear.name;
      layer.role = linear_role_name(linear.role);
      const LayerRecipe& recipe = plan.layers[i].recipe;
      layer.method = method_text(recipe);
      layer.requested_format = format_text(plan.layers[i]);
      layer.executed_format = layer.requested_format;
      layer.kernel = kind == EngineKind::kReference
                         ? "reference"
                         : cpu_kernel_name(recipe, plan.rounding, cpu::chosen_kernels());
      layer.out_features = linear.out_features;
      layer.in_features = linear.in_features;
      layer.weight_bytes = plan.layers[i].bytes;
      executed_.weight_bytes += layer.weight_bytes;
      executed_.layers.push_back(std::move(layer));
    }
    executed_.weight_bytes += plan.embedding_bytes + plan.other_bytes;
    add_remarks(plan);
  }

  void add_remarks(const Plan& plan) {
    const auto any = [&](const auto& test) {
      return std::ranges::any_of(plan.layers, [&](const LayerPlan& layer) { return test(layer.recipe); });
    };
    const bool multiplies_bf16 = cpu::chosen_kernels().multiply_bf16 != nullptr;
    if (std::ranges::all_of(plan.layers, [&](const LayerPlan& layer) {
          return layer.recipe.format == WeightFormat::kF16 ||
                 (layer.recipe.format == WeightFormat::kBF16 && !multiplies_bf16);
        })) {
      executed_.remarks.emplace_back(fmt::format(
          "{} saves memory, not time, on this CPU: products and sums are done in float", plan.recipe));
    }
    if (any([](const LayerRecipe& recipe) { return recipe.input == InputFormat::kFp8; })) {
      executed_.remarks.emplace_back(
          "FP8 is emulated: this CPU has no FP8 arithmetic, so its times say nothing about FP8");
    }
  }

  ModelWeights weights_;
  EngineKind kind_;
  ThreadPool& pool_;
  std::vector<Worker> workers_;
  Workspace shared_;
  std::vector<Piece> pieces_;
  ExecutedPlan executed_;
};

class Builder final : public EngineBuilder {
 public:
  Builder(const ModelSpec& spec, const Plan& plan, EngineKind kind, ThreadPool& pool)
      : kind_(kind), pool_(pool) {
    weights_.spec = spec;
    weights_.plan = plan;
    weights_.embedding = Embedding(plan.embedding, spec.vocabulary, spec.hidden);
  }

  Status set_embedding_rows(std::uint64_t first_row, const TensorView& rows) override {
    const std::uint64_t width = weights_.spec.hidden;
    const std::uint64_t count = rows.element_count() / width;
    QT_CHECK(first_row == embedding_rows_ && first_row + count <= weights_.spec.vocabulary,
             "the embedding comes in order");
    weights_.embedding.set_rows(first_row, rows);
    embedding_rows_ += count;
    return {};
  }

  Status set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) override {
    NormWeights values;
    read(weight, values.weight);
    if (bias != nullptr) read(*bias, values.bias);
    weights_.norms[{norm.role, norm.layer}] = std::move(values);
    return {};
  }

  Status set_linear(const LinearSpec& linear, PackedLinear&& packed) override {
    // What runs is what the plan says, or nothing.
    LayerPlan& plan = planned(linear);
    QT_CHECK(format_of(packed) == plan.recipe.format && packed.input.format == plan.recipe.input &&
                 packed.low_rank.rank == plan.adapter_rank &&
                 packed_bytes(packed) - found_bytes(packed) == plan.bytes,
             "a layer is packed as planned");
    plan.bytes = packed_bytes(packed);
    LinearWeights& weights = weights_.linears[{linear.role, linear.layer}];
    if (kind_ == EngineKind::kCpu) {
      weights = arrange_in_panels(std::move(packed));
    } else {
      weights = std::move(packed);
    }
    return {};
  }

  void add_option(std::string name, std::string value) override {
    executed_.options.emplace_back(std::move(name), std::move(value));
  }
  void add_remark(std::string remark) override { executed_.remarks.push_back(std::move(remark)); }

  Result<std::unique_ptr<Classifier>> finish() override {
    const bool complete = embedding_rows_ == weights_.spec.vocabulary &&
                          weights_.norms.size() == weights_.spec.norms.size() &&
                          weights_.linears.size() == weights_.spec.linears.size();
    if (!complete) return fail(ErrorKind::kBug, "the model was not assembled completely");
    return std::unique_ptr<Classifier>(
        std::make_unique<GraphClassifier>(std::move(weights_), kind_, pool_, std::move(executed_)));
  }

 private:
  [[nodiscard]] LayerPlan& planned(const LinearSpec& linear) {
    for (std::size_t i = 0; i < weights_.spec.linears.size(); ++i) {
      const LinearSpec& other = weights_.spec.linears[i];
      if (other.role == linear.role && other.layer == linear.layer) return weights_.plan.layers[i];
    }
    QT_CHECK(false, "the linear layer is one of the model's");
    std::abort();
  }

  void read(const TensorView& tensor, std::vector<float>& values) const {
    values.resize(tensor.element_count());
    copy_as_float(tensor, 0, values);
    for (float& value : values) value = rounded(value, weights_.plan.rounding);
  }

  ModelWeights weights_;
  EngineKind kind_;
  ThreadPool& pool_;
  std::uint64_t embedding_rows_ = 0;
  ExecutedPlan executed_;
};

}  // namespace

Result<std::unique_ptr<EngineBuilder>> EngineBuilder::create(const ModelSpec& spec, const Plan& plan,
                                                             EngineChoice engine, ThreadPool& pool) {
  if (engine.kind == EngineKind::kCuda) return create_cuda_builder(spec, plan, engine.device);
  return std::unique_ptr<EngineBuilder>(std::make_unique<Builder>(spec, plan, engine.kind, pool));
}

std::uint64_t micro_batch_tokens() { return cpu::chosen_kernels().micro_batch_tokens; }

Result<EngineChoice> parse_device(std::string_view text) {
  if (text == "cpu") return EngineChoice(EngineKind::kCpu);
  if (text == "cuda") return EngineChoice(EngineKind::kCuda);
  constexpr std::string_view kPrefix = "cuda:";
  if (text.starts_with(kPrefix)) {
    const std::string_view number = text.substr(kPrefix.size());
    std::uint32_t index = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
    if (error == std::errc() && end == number.data() + number.size() && !number.empty())
      return EngineChoice(EngineKind::kCuda, index);
  }
  return fail(ErrorKind::kUsage, "unknown device", fmt::format("\"{}\"", printable(text, 40)), "",
              "known: cpu, cuda (the first CUDA device), cuda:N");
}

std::string device_text(const EngineChoice& engine) {
  return engine.kind == EngineKind::kCuda ? fmt::format("cuda:{}", engine.device) : "cpu";
}

}  // namespace quantier
