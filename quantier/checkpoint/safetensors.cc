#include "quantier/checkpoint/safetensors.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/json.h"

namespace quantier {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr const char* kDownloadAgain = "download or export the file again";

std::unexpected<Error> corrupt(std::string_view source, std::string_view tensor, std::string why) {
  std::string where(source);
  if (!tensor.empty()) where += fmt::format(", tensor {}", tensor);
  return fail(ErrorKind::kCorruptData, "safetensors file is damaged", std::move(where), std::move(why),
              kDownloadAgain);
}

std::uint64_t little_endian_u64(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

std::optional<std::uint64_t> multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

Result<std::vector<std::uint64_t>> unsigned_list(const Json& object, const char* key, std::string_view source,
                                                 std::string_view tensor) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) {
    return corrupt(source, tensor, fmt::format("\"{}\" is not a list", key));
  }
  std::vector<std::uint64_t> values;
  for (const Json& item : *found) {
    if (!item.is_number_unsigned()) {
      return corrupt(source, tensor,
                     fmt::format("\"{}\" holds something else than whole numbers from 0 up", key));
    }
    values.push_back(item.get<std::uint64_t>());
  }
  return values;
}

Result<SafetensorsEntry> parse_entry(const std::string& name, const Json& value, std::uint64_t data_bytes,
                                     std::string_view source) {
  if (!value.is_object()) return corrupt(source, name, "its description is not a JSON object");
  for (const auto& [key, unused] : value.items()) {
    if (key != "dtype" && key != "shape" && key != "data_offsets") {
      return corrupt(source, name, fmt::format("unknown field \"{}\"", key));
    }
  }
  SafetensorsEntry entry;
  entry.name = name;

  const auto dtype = value.find("dtype");
  if (dtype == value.end() || !dtype->is_string()) return corrupt(source, name, "\"dtype\" is not a string");
  const auto& dtype_text = dtype->get_ref<const std::string&>();
  const std::optional<DType> known = dtype_from_name(dtype_text);
  if (!known) {
    return fail(ErrorKind::kUnsupported, fmt::format("element type {} is not read", dtype_text),
                fmt::format("{}, tensor {}", source, name), "Quantier reads F64, F32, F16, BF16 and integers",
                "save the model in float32, float16 or bfloat16");
  }
  entry.dtype = *known;

  QT_TRY(entry.shape, unsigned_list(value, "shape", source, name));
  QT_TRY(const std::vector<std::uint64_t> offsets, unsigned_list(value, "data_offsets", source, name));
  if (offsets.size() != 2) {
    return corrupt(source, name, fmt::format("\"data_offsets\" has {} numbers, not 2", offsets.size()));
  }
  entry.begin = offsets[0];
  entry.end = offsets[1];
  if (entry.begin > entry.end || entry.end > data_bytes) {
    return corrupt(source, name,
                   fmt::format("data_offsets [{}, {}] do not lie in the {} bytes of data", entry.begin,
                               entry.end, data_bytes));
  }
  std::optional<std::uint64_t> bytes = dtype_bytes(entry.dtype);
  for (const std::uint64_t size : entry.shape) {
    bytes = multiply(*bytes, size);
    if (!bytes) {
      return corrupt(source, name, fmt::format("the shape {} overflows 64 bits", shape_text(entry.shape)));
    }
  }
  if (*bytes != entry.end - entry.begin) {
    return corrupt(source, name,
                   fmt::format("{} {} needs {} bytes, data_offsets give {}", dtype_name(entry.dtype),
                               shape_text(entry.shape), *bytes, entry.end - entry.begin));
  }
  return entry;
}

Status parse_metadata(const Json& value, std::string_view source, SafetensorsHeader& header) {
  if (!value.is_object()) return corrupt(source, {}, "\"__metadata__\" is not a JSON object");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) {
      return corrupt(source, {}, fmt::format("\"__metadata__\", \"{}\": not a string", key));
    }
    header.metadata.emplace(key, text.get<std::string>());
  }
  return {};
}

// The tensors must tile the data section: an overlap would let two names share bytes, a gap or a tail could
// carry anything.
Status check_tiling(std::vector<SafetensorsEntry>& entries, std::uint64_t data_bytes,
                    std::string_view source) {
  std::ranges::sort(entries, [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t expected = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != expected) {
      return corrupt(source, entry.name,
                     fmt::format("it starts at byte {} of the data, the tensor before it ends at {} ({})",
                                 entry.begin, expected, entry.begin < expected ? "overlap" : "gap"));
    }
    expected = entry.end;
  }
  if (expected != data_bytes) {
    return corrupt(source, {},
                   fmt::format("the tensors cover {} bytes of data, the file has {}", expected, data_bytes));
  }
  return {};
}

}  // namespace

std::string shape_text(std::span<const std::uint64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> file, std::string_view source) {
  if (file.size() < kLengthBytes) {
    return corrupt(source, {},
                   fmt::format("the file has {} bytes; the header's length alone takes 8", file.size()));
  }
  const std::uint64_t header_bytes = little_endian_u64(file);
  const std::uint64_t rest = file.size() - kLengthBytes;
  if (header_bytes > kMaxSafetensorsHeaderBytes || header_bytes > rest) {
    return corrupt(source, {},
                   fmt::format("the header claims {} bytes, {} follow and at most {} are read", header_bytes,
                               rest, kMaxSafetensorsHeaderBytes));
  }
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes,
                              static_cast<std::size_t>(header_bytes));
  if (!text.starts_with('{')) return corrupt(source, {}, "the header does not start with \"{\"");
  QT_TRY(const Json json, parse_json(text, fmt::format("{}, header", source), 8));
  if (!json.is_object()) return corrupt(source, {}, "the header is not a JSON object");

  SafetensorsHeader header;
  header.data_start = kLengthBytes + header_bytes;
  const std::uint64_t data_bytes = rest - header_bytes;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      QT_TRY_STATUS(parse_metadata(value, source, header));
      continue;
    }
    QT_TRY(SafetensorsEntry entry, parse_entry(name, value, data_bytes, source));
    header.entries.push_back(std::move(entry));
  }
  QT_TRY_STATUS(check_tiling(header.entries, data_bytes, source));
  return header;
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  QT_TRY(MappedFile file, MappedFile::open(path));
  QT_TRY(SafetensorsHeader header, parse_safetensors_header(file.bytes(), path.string()));
  return SafetensorsFile(std::move(file), std::move(header));
}

SafetensorsFile::SafetensorsFile(MappedFile file, SafetensorsHeader header)
    : file_(std::move(file)), header_(std::move(header)) {}

std::span<const std::byte> SafetensorsFile::bytes_of(const SafetensorsEntry& entry) const {
  return file_.bytes().subspan(static_cast<std::size_t>(header_.data_start + entry.begin),
                               static_cast<std::size_t>(entry.end - entry.begin));
}

TensorView SafetensorsFile::view(const SafetensorsEntry& entry) const {
  return TensorView{entry.dtype, entry.shape, bytes_of(entry)};
}

void SafetensorsFile::drop_pages(const SafetensorsEntry& entry) const { file_.drop_pages(bytes_of(entry)); }

}  // namespace quantier
