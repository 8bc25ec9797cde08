// Any bytes as an .npz archive: an error, or arrays whose values are as many as their shape says.
#include <cstddef>
#include <cstdint>
#include <span>

#include "quantier/base/check.h"
#include "quantier/dataset/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto reader = quantier::NpzReader::open(std::as_bytes(std::span(bytes, size)), "fuzz");
  if (!reader) return 0;
  for (std::size_t i = 0; i < reader->arrays().size(); ++i) {
    const quantier::NpyInfo& info = reader->arrays()[i];
    std::uint64_t count = 1;
    for (const std::uint64_t side : info.shape) count *= side;
    const auto array = reader->read(i);
    if (array) {
      QT_CHECK(std::visit([](const auto& values) { return values.size(); }, array->values) == count,
               "as many values as the shape says");
    }
    if (!info.is_float()) continue;
    const auto floats = reader->read_floats(i);
    QT_CHECK(floats.has_value() == array.has_value(), "both ways of reading accept the same");
    QT_CHECK(!floats || floats->size() == count, "as many floats as the shape says");
  }
  return 0;
}
