// Any bytes: the header parser answers with a header whose every tensor lies in the file, or with an error.
#include <cstddef>
#include <cstdint>
#include <span>

#include "quantier/base/check.h"
#include "quantier/checkpoint/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto header = quantier::parse_safetensors_header(std::as_bytes(std::span(data, size)), "fuzz");
  if (!header) {
    QT_CHECK(!header.error().what.empty(), "an error says what");
    return 0;
  }
  QT_CHECK(header->data_start <= size, "the data starts inside the file");
  std::uint64_t expected = 0;
  for (const quantier::SafetensorsEntry& entry : header->entries) {
    QT_CHECK(entry.begin == expected && entry.end >= entry.begin, "tensors tile the data");
    expected = entry.end;
  }
  QT_CHECK(header->data_start + expected == size, "tensors reach the end of the file");
  return 0;
}
