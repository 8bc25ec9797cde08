#include "quantier/checkpoint/gguf/gguf_writer.h"

#include <array>
#include <bit>

#include "quantier/base/check.h"

namespace quantier {
namespace {

constexpr std::uint64_t kAlignment = 32;  // what a reader takes when general.alignment is absent

template <class T>
void put(std::string& out, T value) {
  const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
  out.append(bytes.data(), bytes.size());
}

void put_string(std::string& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  out += text;
}

std::uint64_t size_in_bytes(const GgufTensorToWrite& tensor) {
  const std::uint64_t elements = ggml_block_elements(tensor.type);
  QT_CHECK(!tensor.shape.empty() && tensor.shape.back() % elements == 0, "rows are whole blocks");
  std::uint64_t bytes = tensor.shape.back() / elements;
  QT_CHECK(!__builtin_mul_overflow(bytes, ggml_block_bytes(tensor.type), &bytes), "a tensor fits 64 bits");
  for (std::size_t i = 0; i + 1 < tensor.shape.size(); ++i) {
    QT_CHECK(!__builtin_mul_overflow(bytes, tensor.shape[i], &bytes), "a tensor to write fits 64 bits");
  }
  return bytes;
}

std::uint64_t padding_after(std::uint64_t position) {
  return (kAlignment - position % kAlignment) % kAlignment;
}

std::string header_of(const GgufMetadata& metadata, const std::vector<GgufTensorToWrite>& tensors) {
  std::string out = "GGUF";
  put(out, std::uint32_t{3});
  put(out, std::uint64_t{tensors.size()});
  put(out, metadata.count());
  out += metadata.bytes();
  std::uint64_t offset = 0;
  for (const GgufTensorToWrite& tensor : tensors) {
    put_string(out, tensor.name);
    put(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (std::size_t i = tensor.shape.size(); i > 0; --i) put(out, tensor.shape[i - 1]);
    put(out, static_cast<std::uint32_t>(tensor.type));
    put(out, offset);
    const std::uint64_t bytes = size_in_bytes(tensor);
    offset += bytes + padding_after(bytes);
  }
  out.append(padding_after(out.size()), '\0');
  return out;
}

}  // namespace

void GgufMetadata::begin(std::string_view key, GgufType type) {
  put_string(bytes_, key);
  put(bytes_, static_cast<std::uint32_t>(type));
  ++count_;
}

void GgufMetadata::add(std::string_view key, std::uint32_t value) {
  begin(key, GgufType::kU32);
  put(bytes_, value);
}

void GgufMetadata::add(std::string_view key, float value) {
  begin(key, GgufType::kF32);
  put(bytes_, value);
}

void GgufMetadata::add(std::string_view key, bool value) {
  begin(key, GgufType::kBool);
  put(bytes_, static_cast<std::uint8_t>(value));
}

void GgufMetadata::add(std::string_view key, std::string_view value) {
  begin(key, GgufType::kString);
  put_string(bytes_, value);
}

void GgufMetadata::add(std::string_view key, std::span<const std::string> values) {
  begin(key, GgufType::kArray);
  put(bytes_, static_cast<std::uint32_t>(GgufType::kString));
  put(bytes_, std::uint64_t{values.size()});
  for (const std::string& value : values) put_string(bytes_, value);
}

void GgufMetadata::add(std::string_view key, std::span<const std::int32_t> values) {
  begin(key, GgufType::kArray);
  put(bytes_, static_cast<std::uint32_t>(GgufType::kI32));
  put(bytes_, std::uint64_t{values.size()});
  for (const std::int32_t value : values) put(bytes_, value);
}

Status write_gguf(const std::filesystem::path& path, const GgufMetadata& metadata,
                  const std::vector<GgufTensorToWrite>& tensors) {
  return write_file_atomically(path, [&](const AppendFunction& append) -> Status {
    const std::string header = header_of(metadata, tensors);
    QT_TRY_STATUS(append(std::as_bytes(std::span(header))));
    constexpr std::array<std::byte, kAlignment> kZeros{};
    for (const GgufTensorToWrite& tensor : tensors) {
      std::uint64_t written = 0;
      QT_TRY_STATUS(tensor.write([&](std::span<const std::byte> bytes) -> Status {
        written += bytes.size();
        return append(bytes);
      }));
      QT_CHECK(written == size_in_bytes(tensor), "a tensor writes the bytes that its shape promises");
      QT_TRY_STATUS(append(std::span(kZeros).first(padding_after(written))));
    }
    return {};
  });
}

}  // namespace quantier
