#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <unordered_set>

#include <fmt/format.h>
#include <zip.h>

#include "quantier/base/check.h"
#include "quantier/base/file.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/npz.h"

namespace quantier {
namespace {

// A column of strings takes 4 bytes for each character of its longest one.
constexpr std::uint64_t kMaxStringArrayBytes = std::uint64_t{1} << 30;

std::u32string code_points(std::string_view utf8) {
  std::u32string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t value = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      value = (value << 6) | (static_cast<unsigned char>(utf8[i + k]) & 0x3Fu);
    }
    out.push_back(value);
    i += length;
  }
  return out;
}

// Version 1.0 of the .npy header: magic, version, length, and a Python dict padded so that data begins at a
// multiple of 64. Source: numpy.lib.format, "Format Version 1.0".
std::string npy_header(std::string_view type, const std::vector<std::uint64_t>& shape) {
  std::string dimensions;
  for (const std::uint64_t size : shape) dimensions += fmt::format("{}, ", size);
  if (shape.size() > 1) dimensions.resize(dimensions.size() - 2);
  if (shape.size() == 1) dimensions.pop_back();  // "(3,)"
  std::string dict =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, dimensions);
  constexpr std::size_t kBefore = 10;
  const std::size_t total = (kBefore + dict.size() + 1 + 63) / 64 * 64;
  dict.append(total - kBefore - dict.size() - 1, ' ');
  dict.push_back('\n');
  std::string header("\x93NUMPY\x01\x00", 8);
  header.push_back(static_cast<char>(dict.size() & 0xFF));
  header.push_back(static_cast<char>(dict.size() >> 8));
  return header + dict;
}

template <class T>
std::string number_bytes(std::string_view type, const std::vector<std::uint64_t>& shape,
                         const std::vector<T>& values) {
  std::string out = npy_header(type, shape);
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return out;
}

Result<std::string> npy_bytes(const NpyArray& array) {
  const auto* floats = std::get_if<std::vector<float>>(&array.values);
  if (floats != nullptr) return number_bytes("<f4", array.shape, *floats);
  const auto* doubles = std::get_if<std::vector<double>>(&array.values);
  if (doubles != nullptr) return number_bytes("<f8", array.shape, *doubles);
  const auto* integers = std::get_if<std::vector<std::int64_t>>(&array.values);
  if (integers != nullptr) return number_bytes("<i8", array.shape, *integers);
  const auto& strings = std::get<std::vector<std::string>>(array.values);
  std::size_t longest = 1;  // NumPy has no zero-width strings
  for (const std::string& text : strings) {
    if (find_invalid_utf8(text)) {
      return fail(ErrorKind::kCorruptData, "cannot write a string that is not UTF-8", "array " + array.name,
                  printable(text, 60));
    }
    const auto characters = std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
    longest = std::max(longest, static_cast<std::size_t>(characters));
  }
  if (!strings.empty() && longest > kMaxStringArrayBytes / 4 / strings.size()) {
    return fail(ErrorKind::kUserInput, "strings are too long for an .npz array", "array " + array.name,
                fmt::format("{} strings, the longest of {} characters", strings.size(), longest),
                "give the examples short ids");
  }
  std::string out = npy_header(fmt::format("<U{}", longest), array.shape);
  const std::size_t begin = out.size();
  out.resize(begin + strings.size() * longest * 4, '\0');
  for (std::size_t i = 0; i < strings.size(); ++i) {
    const std::u32string decoded = code_points(strings[i]);
    if (decoded.empty()) continue;
    std::memcpy(out.data() + begin + i * longest * 4, decoded.data(), decoded.size() * 4);
  }
  return out;
}

struct SourceDeleter {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
struct ArchiveDeleter {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};

std::unexpected<Error> zip_failure(const std::filesystem::path& path, std::string why) {
  return fail(ErrorKind::kEnvironment, "cannot build .npz file", path.string(), std::move(why));
}

}  // namespace

Status write_npz(const std::filesystem::path& path, std::span<const NpyArray> arrays) {
  std::unordered_set<std::string_view> names;
  for (const NpyArray& array : arrays) {
    std::uint64_t elements = 1;
    for (const std::uint64_t size : array.shape) elements *= size;
    QT_CHECK(elements == std::visit([](const auto& values) { return values.size(); }, array.values),
             "the shape of an array must match its number of values");
    QT_CHECK(names.insert(array.name).second, "arrays in one .npz file have different names");
  }
  // Built in memory, so that the file can be replaced atomically. The contents must outlive zip_close.
  std::vector<std::string> contents;
  contents.reserve(arrays.size());
  zip_error_t error;
  zip_error_init(&error);
  std::unique_ptr<zip_source_t, SourceDeleter> target(zip_source_buffer_create(nullptr, 0, 0, &error));
  if (!target) return zip_failure(path, zip_error_strerror(&error));
  std::unique_ptr<zip_t, ArchiveDeleter> archive(
      zip_open_from_source(target.get(), ZIP_CREATE | ZIP_TRUNCATE, &error));
  if (!archive) return zip_failure(path, zip_error_strerror(&error));
  zip_source_keep(target.get());  // the archive took one reference; this one outlives it
  for (const NpyArray& array : arrays) {
    QT_TRY(std::string bytes, npy_bytes(array));
    contents.push_back(std::move(bytes));
    zip_source_t* source =
        zip_source_buffer(archive.get(), contents.back().data(), contents.back().size(), 0);
    if (source == nullptr) return zip_failure(path, zip_strerror(archive.get()));
    const std::int64_t index =
        zip_file_add(archive.get(), (array.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return zip_failure(path, zip_strerror(archive.get()));
    }
    // 1980-01-01: the first date that the format has. The time of writing would change the bytes every time.
    constexpr zip_uint16_t kFirstDate = (1 << 5) | 1;
    zip_file_set_dostime(archive.get(), static_cast<zip_uint64_t>(index), 0, kFirstDate, 0);
    zip_set_file_compression(archive.get(), static_cast<zip_uint64_t>(index), ZIP_CM_DEFLATE, 6);
  }
  if (zip_close(archive.get()) != 0) return zip_failure(path, zip_strerror(archive.get()));
  static_cast<void>(archive.release());  // zip_close freed it

  zip_stat_t info;
  zip_stat_init(&info);
  if (zip_source_stat(target.get(), &info) != 0 || zip_source_open(target.get()) != 0) {
    return zip_failure(path, zip_error_strerror(zip_source_error(target.get())));
  }
  std::string bytes((info.valid & ZIP_STAT_SIZE) != 0 ? info.size : 0, '\0');
  const std::int64_t read = zip_source_read(target.get(), bytes.data(), bytes.size());
  zip_source_close(target.get());
  if (read < 0 || static_cast<std::uint64_t>(read) != bytes.size()) {
    return zip_failure(path, "the archive could not be read back");
  }
  return write_file_atomically(path, std::string_view(bytes));
}

}  // namespace quantier
