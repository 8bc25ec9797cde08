#include "quantier/quantize/low_rank.h"

#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/half.h"

namespace quantier {
namespace {

Result<AlignedBuffer<std::uint16_t>> halves_of(const LinearSpec& linear, const char* factor,
                                               const TensorView& tensor) {
  const std::uint64_t columns = tensor.shape[1];
  AlignedBuffer<std::uint16_t> halves(tensor.element_count(), MemoryOwner::kWeights);
  std::vector<float> row(columns);
  for (std::uint64_t n = 0; n < tensor.shape[0]; ++n) {
    copy_as_float(tensor, n * columns, row);
    for (std::uint64_t k = 0; k < columns; ++k) {
      const Half half = to_half(row[k]);
      if (std::isfinite(to_float(half))) {
        halves[n * columns + k] = half.bits;
        continue;
      }
      return fail(ErrorKind::kUserInput, "a factor of the adapter cannot be stored as a half",
                  fmt::format("{} of {}, row {}, column {}", factor, linear.weight, n, k),
                  fmt::format("the value is {}", row[k]),
                  "merge the adapter (--adapter merge), or check that its training did not diverge");
    }
  }
  return halves;
}

}  // namespace

Result<LowRank> store_low_rank(const LinearSpec& linear, const LoraFactors& factors) {
  QT_CHECK(!factors.of_embedding && factors.a.shape.size() == 2 && factors.b.shape.size() == 2 &&
               factors.a.shape[1] == linear.in_features && factors.b.shape[0] == linear.out_features,
           "the factors were matched with the layer");
  LowRank stored;
  stored.rank = static_cast<std::uint32_t>(factors.rank());
  stored.scaling = static_cast<float>(factors.scaling);
  QT_TRY(stored.a, halves_of(linear, "A", factors.a));
  QT_TRY(stored.b, halves_of(linear, "B", factors.b));
  return stored;
}

}  // namespace quantier
