#include "quantier/pipeline/search/plan_clock.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numbers>
#include <optional>
#include <span>
#include <utility>

#include "quantier/base/rng.h"
#include "quantier/engine/builder.h"
#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/formats/rounding.h"

namespace quantier {
namespace {

constexpr std::uint64_t kSeed = 20260101;

double nanoseconds_of(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return static_cast<double>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// Runs both turn by turn, A B B A, after one run each that is not counted. The ratio of each turn's two
// times.
struct Turns {
  std::vector<double> first_ns;
  std::vector<double> ratios;  // second / first
};
Turns take_turns(const std::function<void()>& first, const std::function<void()>& second) {
  Turns turns;
  first();
  second();
  for (std::size_t round = 0; round < kTimingRounds; ++round) {
    double of_first = 0;
    double of_second = 0;
    if (round % 2 == 0) of_first = nanoseconds_of(first);
    of_second = nanoseconds_of(second);
    if (round % 2 == 1) of_first = nanoseconds_of(first);
    turns.first_ns.push_back(std::max(of_first, 1.0));
    turns.ratios.push_back(of_second / turns.first_ns.back());
  }
  return turns;
}

std::vector<float> normal_inputs(std::size_t count, ActivationRounding rounding) {
  Philox random(kSeed);
  std::vector<float> values(count);
  for (float& value : values) {
    const double radius = std::sqrt(-2.0 * std::log(random.next_open_uniform()));
    const double angle = 2.0 * std::numbers::pi * random.next_uniform();
    value = rounded(static_cast<float>(radius * std::cos(angle)), rounding);
  }
  return values;
}

// One layer's product over the batch, as the engine would take it: whole texts in pieces of about
// micro_batch_tokens() tokens; where there are fewer texts than threads, the rows of each among all of them.
class ProductRunner {
 public:
  ProductRunner(const Plan& plan, const TimedWorkload& workload, ThreadPool& pool) : pool_(pool) {
    for (std::size_t i = 0; i < pool.threads(); ++i) ops_.emplace_back(plan, cpu::chosen_kernels());
    const std::uint64_t tokens = workload.tokens_per_text;
    if (workload.batch < pool.threads()) {
      const std::uint64_t share = std::max<std::uint64_t>(1, (tokens + pool.threads() - 1) / pool.threads());
      for (std::uint64_t text = 0; text < workload.batch; ++text) {
        for (std::uint64_t row = 0; row < tokens; row += share) {
          pieces_.push_back({0, static_cast<std::uint32_t>(std::min(share, tokens - row))});
        }
      }
    } else {
      const std::uint64_t round = micro_batch_tokens() * pool.threads();
      const std::uint64_t pieces = (workload.batch * tokens + round - 1) / round * pool.threads();
      for (std::uint64_t piece = 0; piece < pieces; ++piece) {
        const std::uint64_t begin = workload.batch * piece / pieces;
        const std::uint64_t end = workload.batch * (piece + 1) / pieces;
        if (begin == end) continue;
        std::vector<std::uint32_t> scopes;
        for (std::uint64_t text = 0; text <= end - begin; ++text) {
          scopes.push_back(static_cast<std::uint32_t>(text * tokens));
        }
        pieces_.push_back(std::move(scopes));
      }
    }
    for (const auto& piece : pieces_) most_rows_ = std::max<std::size_t>(most_rows_, piece.back());
  }

  [[nodiscard]] std::size_t most_rows() const { return most_rows_; }

  void run(const LinearWeights& weights, std::size_t in_features, std::size_t out_features,
           std::span<const float> x, std::vector<std::vector<float>>& y) {
    pool_.run(pieces_.size(), [&](std::size_t piece, std::size_t thread) {
      const auto& scopes = pieces_[piece];
      const std::size_t rows = scopes.back();
      ops_[thread].linear(weights, x.first(rows * in_features), scopes,
                          std::span(y[thread]).first(rows * out_features));
    });
  }

 private:
  ThreadPool& pool_;
  std::vector<CpuOps> ops_;                         // one for each thread
  std::vector<std::vector<std::uint32_t>> pieces_;  // offsets of texts
  std::size_t most_rows_ = 0;
};

// Takes a model layer by layer; `take` sees each linear layer as the kernels read it, and it is dropped.
class LayerSink final : public ModelSink {
 public:
  using Take = std::function<Status(const LinearSpec&, LinearWeights&&)>;
  explicit LayerSink(Take take) : take_(std::move(take)) {}
  Status set_embedding_rows(std::uint64_t /*first_row*/, const TensorView& /*rows*/) override { return {}; }
  Status set_norm(const NormSpec& /*norm*/, const TensorView& /*weight*/,
                  const TensorView* /*bias*/) override {
    return {};
  }
  Status set_linear(const LinearSpec& linear, PackedLinear&& packed) override {
    if (is_head(linear.role)) return {};
    return take_(linear, arrange_in_panels(std::move(packed)));
  }

 private:
  Take take_;
};

class ThisMachine final : public PlanClock {
 public:
  ThisMachine(const PlanPredictor& predictor, const ModelSpec& spec, const Plan& base,
              const TimedWorkload& workload, ThreadPool& pool, const Interrupt* interrupt)
      : predictor_(predictor),
        spec_(spec),
        base_(base),
        workload_(workload),
        pool_(pool),
        interrupt_(interrupt),
        runner_(base_, workload, pool) {}

  Result<LayerTimes> layers_ns(const Plan& plan) override {
    LayerTimes times(spec_.linears.size(), 0.0);
    const auto time_layer = [&](const LinearSpec& linear, LinearWeights&& weights) -> Status {
      if (stop_requested(interrupt_)) return interrupted();
      const auto index = static_cast<std::size_t>(
          std::ranges::find(spec_.linears, linear.name, &LinearSpec::name) - spec_.linears.begin());
      QT_TRY(const LinearWeights base, base_layer(index));
      times[index] = product_ns(linear, index, base, weights);
      return {};
    };
    LayerSink sink(time_layer);
    QT_TRY_STATUS(predictor_.pack(plan, sink));
    return times;
  }

  Result<double> pass_ns(const Plan& plan) override {
    if (!base_model_) {
      QT_TRY(base_model_, predictor_.build(base_));
    }
    QT_TRY(const std::unique_ptr<Classifier> model, predictor_.build(plan));
    draw_tokens();
    std::vector<float> logits(workload_.batch * spec_.classes);
    const TokenBatch batch{tokens_, offsets_};
    // Once where an error can come out; what follows repeats it.
    QT_TRY_STATUS(base_model_->predict(batch, logits));
    QT_TRY_STATUS(model->predict(batch, logits));
    if (stop_requested(interrupt_)) return interrupted();
    Status status;
    const Turns turns = take_turns([&] { status = base_model_->predict(batch, logits); },
                                   [&] { status = model->predict(batch, logits); });
    QT_TRY_STATUS(status);
    if (!base_pass_ns_) base_pass_ns_ = median(turns.first_ns);
    return *base_pass_ns_ * median(turns.ratios);
  }

 private:
  Result<LinearWeights> base_layer(std::size_t index) const {
    QT_TRY(PackedLinear packed, predictor_.pack_layer(base_, index));
    return LinearWeights(arrange_in_panels(std::move(packed)));
  }

  // The base's time, always the first one taken for this layer, times the ratio of this turn.
  double product_ns(const LinearSpec& linear, std::size_t index, const LinearWeights& base,
                    const LinearWeights& weights) {
    const std::size_t in = linear.in_features;
    const std::size_t out = linear.out_features;
    const std::size_t rows = runner_.most_rows();
    if (x_.size() < rows * in) x_ = normal_inputs(rows * in, base_.rounding);
    y_.resize(pool_.threads());
    for (auto& y : y_) y.resize(std::max(y.size(), rows * out));
    const Turns turns = take_turns([&] { runner_.run(base, in, out, x_, y_); },
                                   [&] { runner_.run(weights, in, out, x_, y_); });
    base_layers_ns_.resize(spec_.linears.size());
    if (!base_layers_ns_[index]) base_layers_ns_[index] = median(turns.first_ns);
    return *base_layers_ns_[index] * median(turns.ratios);
  }

  void draw_tokens() {
    if (!tokens_.empty()) return;
    Philox random(kSeed, 1);
    offsets_ = {0};
    for (std::uint64_t text = 0; text < workload_.batch; ++text) {
      for (std::uint64_t token = 0; token < workload_.tokens_per_text; ++token) {
        auto id = static_cast<std::int32_t>(random.next_below(spec_.vocabulary));
        if (spec_.pad_token_id == id) id = id > 0 ? id - 1 : id + 1;
        tokens_.push_back(id);
      }
      offsets_.push_back(static_cast<std::uint32_t>(tokens_.size()));
    }
  }

  const PlanPredictor& predictor_;
  const ModelSpec& spec_;
  Plan base_;
  TimedWorkload workload_;
  ThreadPool& pool_;
  const Interrupt* interrupt_;
  ProductRunner runner_;
  std::unique_ptr<Classifier> base_model_;
  std::optional<double> base_pass_ns_;
  std::vector<std::optional<double>> base_layers_ns_;
  std::vector<float> x_;
  std::vector<std::vector<float>> y_;  // one for each thread
  std::vector<std::int32_t> tokens_;
  std::vector<std::uint32_t> offsets_;
};

}  // namespace

std::unique_ptr<PlanClock> clock_of_this_machine(const PlanPredictor& predictor, const ModelSpec& spec,
                                                 const Plan& base, const TimedWorkload& workload,
                                                 ThreadPool& pool, const Interrupt* interrupt) {
  return std::make_unique<ThisMachine>(predictor, spec, base, workload, pool, interrupt);
}

}  // namespace quantier
