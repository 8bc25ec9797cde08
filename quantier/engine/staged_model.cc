#include "quantier/engine/staged_model.h"

#include <algorithm>
#include <utility>

#include "quantier/engine/builder.h"
#include "quantier/engine/check_batch.h"
#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/engine/graph/graph.h"
#include "quantier/formats/rounding.h"

namespace quantier {
namespace {

// Pieces whose inputs stand in memory together where they are not kept anyway.
constexpr std::size_t kPiecesPerPart = 8;

// Consecutive texts that a thread takes through a step together.
struct Piece {
  std::size_t first_text = 0;
  std::size_t first_token = 0;
  std::vector<std::uint32_t> offsets;  // of its texts, from 0
  [[nodiscard]] std::size_t texts() const { return offsets.size() - 1; }
  [[nodiscard]] std::size_t tokens() const { return offsets.back(); }
};

class CpuStagedModel final : public StagedModel {
 public:
  CpuStagedModel(const ModelSpec& spec, const Plan& plan, const TokenBatch& batch, ThreadPool& pool)
      : pool_(pool),
        graph_(graph_of(spec.family)),
        tokens_(batch.tokens.begin(), batch.tokens.end()),
        texts_(batch.size()) {
    weights_.spec = spec;
    weights_.plan = plan;
    hidden_ = AlignedBuffer<float>(tokens_.size() * spec.hidden, MemoryOwner::kOther);
    const std::uint64_t widest = std::max({spec.hidden, spec.heads * spec.head_dim, spec.intermediate});
    between_ = AlignedBuffer<float>(tokens_.size() * widest, MemoryOwner::kOther);
    workers_.resize(pool.threads());
    for (Worker& worker : workers_)
      worker.ops = std::make_unique<CpuOps>(weights_.plan, cpu::chosen_kernels());
    cut_into_pieces(batch);
  }

  void embed_rows(std::uint64_t first_row, const TensorView& rows) override {
    const std::uint64_t width = weights_.spec.hidden;
    const std::uint64_t count = rows.element_count() / width;
    Embedding part(weights_.plan.embedding, count, width);
    part.set_rows(0, rows);
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      const auto id = static_cast<std::uint64_t>(tokens_[t]);
      if (id < first_row || id >= first_row + count) continue;
      part.row(id - first_row, hidden_.span().subspan(t * width, width));
    }
  }

  void set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) override {
    NormWeights values;
    read(weight, values.weight);
    if (bias != nullptr) read(*bias, values.bias);
    weights_.norms[{norm.role, norm.layer}] = std::move(values);
  }

  void begin() override {
    for_each_piece([&](const Piece& piece, Pass& pass) { graph_.after_embedding(pass, stream(piece)); });
  }

  void set_linear(const LinearSpec& linear, PackedLinear&& packed) override {
    weights_.linears[{linear.role, linear.layer}] = arrange_in_panels(std::move(packed));
  }

  void drop_linears() override { weights_.linears.clear(); }

  std::size_t parts() const override { return (pieces_.size() + kPiecesPerPart - 1) / kPiecesPerPart; }
  std::size_t rows() const override { return is_pooled_ ? texts_ : tokens_.size(); }

  std::vector<std::size_t> rows_read(InputPlace place, std::size_t part) const override {
    std::vector<std::size_t> rows;
    const ModelSpec& spec = weights_.spec;
    const bool is_last = layer_ + 1 == static_cast<int>(spec.layers.size());
    if (!is_last || place == InputPlace::kAttention || spec.pooling == Pooling::kMean) return rows;
    const std::size_t first = part * kPiecesPerPart;
    const std::size_t end = std::min(first + kPiecesPerPart, pieces_.size());
    for (std::size_t i = first; i < end; ++i) {
      const Piece& piece = pieces_[i];
      const TokenBatch batch{{}, piece.offsets};
      for (std::size_t text = 0; text < piece.texts(); ++text)
        rows.push_back(piece.first_token - pieces_[first].first_token + pooled_row(spec, batch, text));
    }
    return rows;
  }

  std::span<const float> inputs(InputPlace place, std::size_t part) override {
    const std::size_t first = part * kPiecesPerPart;
    const std::size_t last = std::min(first + kPiecesPerPart, pieces_.size()) - 1;
    const std::size_t width = input_width(weights_.spec, place);
    const std::size_t begin = first_row(pieces_[first]);
    const std::size_t count = first_row(pieces_[last]) + row_count(pieces_[last]) - begin;
    if (place != InputPlace::kAttention && place != InputPlace::kMlp)
      return between_.span().subspan(begin * width, count * width);
    part_.ensure(count * width, MemoryOwner::kOther);
    for_pieces(first, last + 1, [&](const Piece& piece, Pass& pass) {
      std::ranges::copy(normed(place, piece, pass), part_.data() + (first_row(piece) - begin) * width);
    });
    return part_.span().first(count * width);
  }

  void run_block(InputPlace place, std::size_t row_limit, std::vector<float>& out) override {
    std::size_t last = 1;
    while (last < pieces_.size() && first_row(pieces_[last]) + row_count(pieces_[last]) <= row_limit) ++last;
    const std::size_t width = place == InputPlace::kClassifier ? weights_.spec.classes : weights_.spec.hidden;
    out.resize((first_row(pieces_[last - 1]) + row_count(pieces_[last - 1])) * width);
    for_pieces(0, last, [&](const Piece& piece, Pass& pass) {
      const auto output = std::span(out).subspan(first_row(piece) * width, row_count(piece) * width);
      if (place == InputPlace::kAttention || place == InputPlace::kMlp) {
        const InputPlace next = following(place);
        AlignedBuffer<float>& scratch =
            next == InputPlace::kAttentionOutput ? pass.workspace.attended : pass.workspace.gated;
        const auto middle = scratch.span().first(row_count(piece) * input_width(weights_.spec, next));
        step(place, piece, pass, middle);
        pass.ops.linear(last_layer(next), middle, pass.scopes, output);
      } else {
        pass.ops.linear(last_layer(place), between(piece, input_width(weights_.spec, place)), pass.scopes,
                        output);
      }
    });
  }

  void advance(InputPlace place) override {
    switch (place) {
      case InputPlace::kAttention:
      case InputPlace::kMlp: {
        const std::size_t width = input_width(weights_.spec, following(place));
        for_each_piece(
            [&](const Piece& piece, Pass& pass) { step(place, piece, pass, between(piece, width)); });
        return;
      }
      case InputPlace::kAttentionOutput:
      case InputPlace::kMlpDown:
        for_each_piece([&](const Piece& piece, Pass& pass) { add_output(place, piece, pass); });
        if (place == InputPlace::kMlpDown && ++layer_ == static_cast<int>(weights_.spec.layers.size()))
          pool_texts();
        return;
      case InputPlace::kHeadDense:
        for_each_piece([&](const Piece& piece, Pass& pass) {
          const auto rows = between(piece, weights_.spec.hidden);
          const auto own = pass.workspace.pooled.span().first(rows.size());
          std::ranges::copy(rows, own.begin());
          std::ranges::copy(graph_.head_input(pass, own), rows.begin());
        });
        return;
      case InputPlace::kClassifier:
        return;
    }
  }

  void logits(std::span<float> out) override {
    const std::size_t classes = weights_.spec.classes;
    for_each_piece([&](const Piece& piece, Pass& pass) {
      pass.ops.linear(weights_.linear(LinearRole::kClassifier), between(piece, weights_.spec.hidden),
                      pass.scopes, out.subspan(piece.first_text * classes, piece.texts() * classes));
    });
  }

 private:
  struct Worker {
    std::unique_ptr<Ops> ops;
    Workspace workspace;
  };

  void cut_into_pieces(const TokenBatch& batch) {
    for (std::size_t text = 0; text < batch.size(); ++text) {
      if (pieces_.empty() || pieces_.back().tokens() >= micro_batch_tokens())
        pieces_.push_back({text, batch.offsets[text], {0}});
      Piece& piece = pieces_.back();
      piece.offsets.push_back(batch.offsets[text + 1] - static_cast<std::uint32_t>(piece.first_token));
    }
  }

  template <class Body>
  void for_pieces(std::size_t first, std::size_t end, const Body& body) {
    pool_.run(end - first, [&](std::size_t task, std::size_t thread) {
      const Piece& piece = pieces_[first + task];
      Worker& worker = workers_[thread];
      const TokenBatch batch{std::span(tokens_).subspan(piece.first_token, piece.tokens()), piece.offsets};
      Pass pass = start_pass(weights_, batch, *worker.ops, worker.workspace);
      if (is_pooled_) pass.scopes = worker.workspace.one_each;
      body(piece, pass);
    });
  }
  template <class Body>
  void for_each_piece(const Body& body) {
    for_pieces(0, pieces_.size(), body);
  }

  [[nodiscard]] std::size_t first_row(const Piece& piece) const {
    return is_pooled_ ? piece.first_text : piece.first_token;
  }
  [[nodiscard]] std::size_t row_count(const Piece& piece) const {
    return is_pooled_ ? piece.texts() : piece.tokens();
  }
  std::span<float> stream(const Piece& piece) {
    const std::size_t hidden = weights_.spec.hidden;
    return hidden_.span().subspan(first_row(piece) * hidden, row_count(piece) * hidden);
  }
  std::span<float> between(const Piece& piece, std::size_t width) {
    return between_.span().subspan(first_row(piece) * width, row_count(piece) * width);
  }

  static InputPlace following(InputPlace place) {
    return place == InputPlace::kAttention ? InputPlace::kAttentionOutput : InputPlace::kMlpDown;
  }
  // The layer that a block ends with, or is.
  [[nodiscard]] const LinearWeights& last_layer(InputPlace place) const {
    switch (place) {
      case InputPlace::kHeadDense:
        return weights_.linear(LinearRole::kHeadDense);
      case InputPlace::kClassifier:
        return weights_.linear(LinearRole::kClassifier);
      case InputPlace::kAttentionOutput:
        return weights_.linear(LinearRole::kAttentionOutput, layer_);
      case InputPlace::kAttention:
      case InputPlace::kMlp:
      case InputPlace::kMlpDown:
        break;
    }
    return weights_.linear(LinearRole::kMlpDown, layer_);
  }

  std::span<const float> normed(InputPlace place, const Piece& piece, Pass& pass) {
    return place == InputPlace::kAttention ? graph_.attention_input(pass, layer_, stream(piece))
                                           : graph_.mlp_input(pass, layer_, stream(piece));
  }

  void step(InputPlace place, const Piece& piece, Pass& pass, std::span<float> out) {
    const auto input = normed(place, piece, pass);
    if (place == InputPlace::kAttention) {
      graph_.attend(pass, layer_, input, false, out);
    } else {
      graph_.gate(pass, layer_, input, out);
    }
  }

  void add_output(InputPlace place, const Piece& piece, Pass& pass) {
    const auto rows = stream(piece);
    const auto output = pass.workspace.normed.span().first(rows.size());
    pass.ops.linear(last_layer(place), between(piece, input_width(weights_.spec, place)), pass.scopes,
                    output);
    pass.ops.add(rows, output);
  }

  void pool_texts() {
    const std::size_t hidden = weights_.spec.hidden;
    for_each_piece([&](const Piece& piece, Pass& pass) {
      pool_rows(graph_, pass, stream(piece),
                between_.span().subspan(piece.first_text * hidden, piece.texts() * hidden));
    });
    is_pooled_ = true;
  }

  void read(const TensorView& tensor, std::vector<float>& values) const {
    values.resize(tensor.element_count());
    copy_as_float(tensor, 0, values);
    for (float& value : values) value = rounded(value, weights_.plan.rounding);
  }

  ThreadPool& pool_;
  const Graph& graph_;
  ModelWeights weights_;  // its embedding stays empty
  std::vector<std::int32_t> tokens_;
  std::size_t texts_;
  std::vector<Piece> pieces_;
  std::vector<Worker> workers_;
  int layer_ = 0;
  bool is_pooled_ = false;        // rows are texts from here on
  AlignedBuffer<float> hidden_;   // [tokens, hidden] the residual stream
  AlignedBuffer<float> between_;  // [rows, width] what the next linear layer of the block reads
  AlignedBuffer<float> part_;     // [rows of a part, hidden]
};

}  // namespace

Result<std::unique_ptr<StagedModel>> StagedModel::create(const ModelSpec& spec, const Plan& plan,
                                                         const TokenBatch& batch, ThreadPool& pool) {
  QT_TRY_STATUS(check_batch(spec, batch));
  return std::unique_ptr<StagedModel>(std::make_unique<CpuStagedModel>(spec, plan, batch, pool));
}

}  // namespace quantier
