// Any bytes: the parser answers with a header whose every value and tensor lies in the file, or with an
// error. What comes out is walked and read as a model's metadata would be.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "quantier/base/check.h"
#include "quantier/checkpoint/gguf/gguf.h"
#include "quantier/checkpoint/gguf/gguf_qwen2.h"
#include "quantier/checkpoint/hf_config.h"

namespace {

void walk(const quantier::GgufValue& value, std::span<const std::byte> file) {
  if (!value.bytes.empty()) {
    QT_CHECK(value.bytes.data() >= file.data() &&
                 value.bytes.data() + value.bytes.size() <= file.data() + file.size(),
             "a value lies in the file");
  }
  (void)value.as_unsigned();
  (void)value.as_number();
  (void)value.as_bool();
  (void)value.as_string();
  if (value.type != quantier::GgufType::kArray) return;
  std::uint64_t count = 0;
  value.for_each([&](const quantier::GgufValue& element) {
    ++count;
    walk(element, file);
    return true;
  });
  QT_CHECK(count == value.count, "an array has the elements it claims");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = std::as_bytes(std::span(data, size));
  const auto header = quantier::parse_gguf(file, "fuzz");
  if (!header) {
    QT_CHECK(!header.error().what.empty(), "an error says what");
    return 0;
  }
  for (const auto& [key, value] : header->metadata) walk(value, file);
  std::uint64_t end = 0;
  for (const quantier::GgufTensor& tensor : header->tensors) {
    QT_CHECK(tensor.begin >= end && tensor.begin % header->alignment == 0, "tensors follow one another");
    end = tensor.begin + tensor.bytes;
    QT_CHECK(end <= size, "a tensor lies in the file");
  }
  if (const auto config = quantier::qwen2_config_of(*header, "fuzz")) {
    (void)quantier::parse_hf_config(*config, "fuzz");
  }
  return 0;
}
