#include "quantier/engine/collect_inputs.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/engine/outer_product_sum.h"

namespace quantier {
namespace {

// Largest and sum of magnitudes by column.
struct Magnitudes {
  std::vector<float> largest;
  std::vector<double> sum;

  explicit Magnitudes(std::size_t width) : largest(width, 0.0F), sum(width, 0.0) {}

  void add(std::span<const float> x) {
    const std::size_t width = largest.size();
    for (std::size_t begin = 0; begin < x.size(); begin += width) {
      const float* row = x.data() + begin;
      for (std::size_t k = 0; k < width; ++k) {
        const float magnitude = std::abs(row[k]);
        // A NaN stays.
        largest[k] = magnitude <= largest[k] ? largest[k] : magnitude;
        sum[k] += magnitude;
      }
    }
  }
};

// A sum of products over all rows, and over those that are read where these are fewer.
class Products {
 public:
  Products(bool wanted, std::size_t width, ThreadPool& pool) : width_(width), pool_(pool) {
    if (wanted) all_.emplace(width, pool);
  }

  void add(std::span<const float> a, std::span<const float> b, const std::vector<std::size_t>& read) {
    all_->add(a, b);
    if (read.empty()) return;
    if (!read_) read_.emplace(width_, pool_);
    gather(a, read, read_a_);
    if (a.data() == b.data()) {
      read_->add(read_a_, read_a_);
    } else {
      gather(b, read, read_b_);
      read_->add(read_a_, read_b_);
    }
    rows_read_ += read.size();
  }

  // Empty where it was not wanted.
  [[nodiscard]] std::vector<float> take(std::uint64_t rows) {
    if (!all_) return {};
    std::vector<float> sum = all_->take();
    if (!read_) return sum;
    const std::vector<float> read = read_->take();
    const double share = kReadRowsShare * static_cast<double>(rows) / static_cast<double>(rows_read_);
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] = static_cast<float>((1.0 - kReadRowsShare) * sum[i] + share * read[i]);
    return sum;
  }

 private:
  void gather(std::span<const float> x, const std::vector<std::size_t>& rows, std::vector<float>& out) const {
    out.clear();
    for (const std::size_t row : rows) {
      const auto values = x.subspan(row * width_, width_);
      out.insert(out.end(), values.begin(), values.end());
    }
  }

  std::size_t width_;
  ThreadPool& pool_;
  std::optional<OuterProductSum> all_;
  std::optional<OuterProductSum> read_;
  std::uint64_t rows_read_ = 0;
  std::vector<float> read_a_;
  std::vector<float> read_b_;
};

}  // namespace

Result<InputStatistics> collect_inputs(StagedModel& model, StagedModel* reference, InputPlace place,
                                       std::size_t width, StatisticsWanted wanted, ThreadPool& pool) {
  QT_CHECK(!wanted.cross || reference != nullptr, "a difference needs the model that it is from");
  InputStatistics statistics;
  statistics.in_features = width;
  statistics.rows = model.rows();
  Magnitudes magnitudes(width);
  Products gram(wanted.gram, width, pool);
  Products cross(wanted.cross, width, pool);
  std::vector<float> difference;
  for (std::size_t part = 0; part < model.parts(); ++part) {
    const auto x = model.inputs(place, part);
    const std::vector<std::size_t> read = model.rows_read(place, part);
    magnitudes.add(x);
    if (wanted.gram) gram.add(x, x, read);
    if (!wanted.cross) continue;
    const auto exact = reference->inputs(place, part);
    difference.resize(x.size());
    std::ranges::transform(exact, x, difference.begin(), [](float a, float b) { return a - b; });
    cross.add(difference, x, read);
  }
  const auto wrong = std::ranges::find_if_not(magnitudes.sum, [](double sum) { return std::isfinite(sum); });
  if (wrong != magnitudes.sum.end()) {
    return fail(ErrorKind::kUserInput, "the model's activations are not finite on the calibration texts",
                fmt::format("input {} of {}", wrong - magnitudes.sum.begin(), input_place_name(place)),
                "a value is infinite or not a number",
                "the model overflows in half precision: quantize it from a checkpoint that does not, or "
                "take `bf16`");
  }
  statistics.absmax = std::move(magnitudes.largest);
  for (const double sum : magnitudes.sum)
    statistics.abs_mean.push_back(static_cast<float>(sum / static_cast<double>(statistics.rows)));
  statistics.gram = gram.take(statistics.rows);
  statistics.cross = cross.take(statistics.rows);
  return statistics;
}

}  // namespace quantier
