#include "quantier/checkpoint/safetensors_writer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "quantier/base/check.h"
#include "quantier/base/json.h"

namespace quantier {
namespace {

std::uint64_t size_in_bytes(const TensorToWrite& tensor) {
  std::uint64_t bytes = dtype_bytes(tensor.dtype);
  for (const std::uint64_t size : tensor.shape) {
    QT_CHECK(!__builtin_mul_overflow(bytes, size, &bytes), "a tensor to write fits 64 bits");
  }
  return bytes;
}

std::string header_of(const std::vector<TensorToWrite>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    QT_CHECK(!header.contains(tensor.name), "tensor names are unique");
    const std::uint64_t end = offset + size_in_bytes(tensor);
    header[tensor.name] = {
        {"dtype", dtype_name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

Status write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                         const std::map<std::string, std::string>& metadata) {
  // Large elements first keeps every tensor aligned to its element without padding.
  std::ranges::sort(tensors, [](const TensorToWrite& a, const TensorToWrite& b) {
    const std::size_t a_bytes = dtype_bytes(a.dtype);
    const std::size_t b_bytes = dtype_bytes(b.dtype);
    return a_bytes != b_bytes ? a_bytes > b_bytes : a.name < b.name;
  });
  return write_file_atomically(path, [&](const AppendFunction& append) -> Status {
    const std::string header = header_of(tensors, metadata);
    std::array<std::byte, 8> length{};
    for (std::size_t i = 0; i < length.size(); ++i) {
      length[i] = static_cast<std::byte>((std::uint64_t{header.size()} >> (8 * i)) & 0xFF);
    }
    QT_TRY_STATUS(append(length));
    QT_TRY_STATUS(append(std::as_bytes(std::span(header))));
    for (const TensorToWrite& tensor : tensors) {
      std::uint64_t written = 0;
      QT_TRY_STATUS(tensor.write([&](std::span<const std::byte> bytes) -> Status {
        written += bytes.size();
        return append(bytes);
      }));
      QT_CHECK(written == size_in_bytes(tensor), "a tensor writes the bytes that its shape promises");
    }
    return {};
  });
}

}  // namespace quantier
