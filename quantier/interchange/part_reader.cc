#include "quantier/interchange/part_reader.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/checkpoint/safetensors.h"

namespace quantier {

std::string module_of(std::string_view weight) {
  constexpr std::string_view kWeight = ".weight";
  return std::string(weight.substr(0, weight.size() - kWeight.size()));
}

PartReader::PartReader(const Checkpoint& checkpoint, std::string_view weight)
    : checkpoint_(checkpoint), module_(module_of(weight)) {
  for (std::string& name : checkpoint.parts(module_)) left_.insert(std::move(name));
}

bool PartReader::has(std::string_view suffix) const {
  return checkpoint_.part(module_ + std::string(suffix)).has_value();
}

std::optional<DType> PartReader::dtype(std::string_view suffix) const {
  const auto view = checkpoint_.part(module_ + std::string(suffix));
  return view ? std::optional(view->dtype) : std::nullopt;
}

std::unexpected<Error> PartReader::damaged(std::string_view suffix, std::string why) const {
  return fail(ErrorKind::kCorruptData, "quantized weights are damaged",
              fmt::format("{}, tensor {}{}", checkpoint_.directory().string(), module_, suffix),
              std::move(why), "quantize the model again");
}

Result<TensorView> PartReader::take_any(std::string_view suffix, std::initializer_list<DType> types) {
  const std::string name = module_ + std::string(suffix);
  std::optional<TensorView> view = checkpoint_.part(name);
  if (!view) return damaged(suffix, "it is missing");
  left_.erase(name);
  if (std::ranges::find(types, view->dtype) == types.end()) {
    std::vector<std::string_view> expected;
    for (const DType type : types) expected.emplace_back(dtype_name(type));
    return damaged(suffix, fmt::format("its element type is {}, not {}", dtype_name(view->dtype),
                                       fmt::join(expected, " or ")));
  }
  return *std::move(view);
}

Result<TensorView> PartReader::take(std::string_view suffix, std::initializer_list<DType> types,
                                    const std::vector<std::uint64_t>& shape) {
  QT_TRY(TensorView view, take_any(suffix, types));
  if (view.shape != shape) {
    return damaged(suffix, fmt::format("its shape is {}, the layer and its format make it {}",
                                       shape_text(view.shape), shape_text(shape)));
  }
  return view;
}

Status PartReader::finish() const {
  if (!left_.empty()) {
    return damaged(std::string_view(*left_.begin()).substr(module_.size()),
                   "the format has no such tensor, and leaving it out could change the answers");
  }
  for (const std::string& name : checkpoint_.parts(module_)) checkpoint_.drop_pages(name);
  return {};
}

Result<std::vector<float>> read_finite(const PartReader& part, std::string_view suffix,
                                       const TensorView& tensor) {
  std::vector<float> values(tensor.element_count());
  copy_as_float(tensor, 0, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) return part.damaged(suffix, fmt::format("element {} is {}", i, values[i]));
  }
  return values;
}

}  // namespace quantier
