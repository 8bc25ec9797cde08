#include "quantier/dataset/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "quantier/base/half.h"
#include "quantier/base/utf8.h"

namespace quantier::npy {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied as they are stored");

constexpr std::size_t kMaxDimensions = 32;

// The header is a Python dict literal with exactly the keys descr, fortran_order and shape. This reads that
// much of Python and no more.
class DictReader {
 public:
  DictReader(std::string_view text, std::string_view place) : text_(text), place_(place) {}

  Result<Header> read() {
    Header header;
    bool has_type = false;
    bool has_order = false;
    bool has_shape = false;
    if (!take('{')) return corrupt(place_, "its header is not a dict");
    while (!take('}')) {
      const auto key = quoted();
      if (!key || !take(':')) return corrupt(place_, "its header is malformed");
      bool* seen = *key == "descr"           ? &has_type
                   : *key == "fortran_order" ? &has_order
                   : *key == "shape"         ? &has_shape
                                             : nullptr;
      if (seen == nullptr || *seen) {
        return corrupt(place_, fmt::format("its header has the unexpected key '{}'", printable(*key, 40)));
      }
      *seen = true;
      if (seen == &has_type) {
        const auto type = quoted();
        if (!type) {
          return fail(ErrorKind::kUnsupported, "structured arrays are not read", std::string(place_));
        }
        header.type = *type;
      } else if (seen == &has_order) {
        const auto value = boolean();
        if (!value) return corrupt(place_, "fortran_order is neither True nor False");
        header.fortran_order = *value;
      } else if (!tuple(header.shape)) {
        return corrupt(place_, "its shape is not a tuple of whole numbers");
      }
      if (!take(',')) {
        if (!take('}')) return corrupt(place_, "its header is malformed");
        break;
      }
    }
    skip_spaces();
    if (at_ != text_.size()) return corrupt(place_, "text follows its header's dict");
    if (!has_type || !has_order || !has_shape) return corrupt(place_, "its header lacks a key");
    return header;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(char c) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::optional<std::string> quoted() {
    skip_spaces();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return std::nullopt;
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    if (inside.find('\\') != std::string_view::npos) return std::nullopt;
    at_ = end + 1;
    return std::string(inside);
  }
  std::optional<bool> boolean() {
    skip_spaces();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    return std::nullopt;
  }
  bool tuple(std::vector<std::uint64_t>& shape) {
    if (!take('(')) return false;
    while (!take(')')) {
      skip_spaces();
      std::uint64_t size = 0;
      const char* const begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), size);
      if (error != std::errc() || shape.size() >= kMaxDimensions) return false;
      at_ += static_cast<std::size_t>(end - begin);
      shape.push_back(size);
      if (!take(',')) return take(')');
    }
    return true;
  }

  std::string_view text_;
  std::string_view place_;
  std::size_t at_ = 0;
};

template <class Stored, class Kept>
std::vector<Kept> convert(std::string_view data) {
  std::vector<Kept> out(data.size() / sizeof(Stored));
  if constexpr (std::is_same_v<Stored, Kept>) {
    if (!data.empty()) std::memcpy(out.data(), data.data(), data.size());
  } else {
    for (std::size_t i = 0; i < out.size(); ++i) {
      Stored value{};
      std::memcpy(&value, data.data() + i * sizeof(Stored), sizeof(Stored));
      if constexpr (std::is_same_v<Stored, Half>) {
        out[i] = to_float(value);
      } else {
        out[i] = static_cast<Kept>(value);
      }
    }
  }
  return out;
}

bool append_utf8(std::string& out, std::uint32_t point) {
  if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (point >> 6)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (point >> 12)));
    out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (point >> 18)));
    out.push_back(static_cast<char>(0x80 | ((point >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
  return true;
}

// NumPy pads strings with NULs, which therefore cannot end one.
Result<std::vector<std::string>> strings(std::string_view data, bool unicode, std::uint64_t item_bytes,
                                         std::uint64_t count, std::string_view place) {
  std::vector<std::string> out(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view item = data.substr(i * item_bytes, item_bytes);
    if (!unicode) {
      const std::size_t last = item.find_last_not_of('\0');
      out[i] = item.substr(0, last == std::string_view::npos ? 0 : last + 1);
      if (find_invalid_utf8(out[i])) return corrupt(place, fmt::format("string {} is not UTF-8", i));
      continue;
    }
    std::size_t pending_nuls = 0;
    for (std::size_t at = 0; at < item.size(); at += 4) {
      std::uint32_t point = 0;
      std::memcpy(&point, item.data() + at, 4);
      if (point == 0) {
        ++pending_nuls;
        continue;
      }
      out[i].append(pending_nuls, '\0');
      pending_nuls = 0;
      if (!append_utf8(out[i], point)) {
        return corrupt(place, fmt::format("string {} has the invalid code point 0x{:x}", i, point));
      }
    }
  }
  return out;
}

}  // namespace

std::unexpected<Error> corrupt(std::string_view place, std::string why) {
  return fail(ErrorKind::kCorruptData, "array cannot be read", std::string(place), std::move(why),
              "write the file again with numpy.savez_compressed");
}

Result<Header> parse_header(std::string_view bytes, std::string_view place) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  if (!bytes.starts_with(kMagic) || bytes.size() < 10) return corrupt(place, "it is not a .npy array");
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3 || byte(7) != 0) {
    return fail(ErrorKind::kUnsupported, "array format version is not read", std::string(place),
                fmt::format("version {}.{}; 1.0, 2.0 and 3.0 are known", version, byte(7)));
  }
  const std::size_t before = version == 1 ? 10 : 12;
  if (bytes.size() < before) return corrupt(place, "it ends inside its header");
  std::size_t length = byte(8) | (byte(9) << 8);
  if (version > 1) length |= (byte(10) << 16) | (byte(11) << 24);
  if (length > bytes.size() - before) {
    return corrupt(place,
                   fmt::format("its header claims {} bytes, {} are left", length, bytes.size() - before));
  }
  QT_TRY(Header header, DictReader(bytes.substr(before, length), place).read());
  header.data_begin = before + length;
  return header;
}

Result<ItemType> parse_type(const std::string& type, std::string_view place) {
  const auto unsupported = [&](std::string why, std::string hint = {}) {
    return fail(ErrorKind::kUnsupported, fmt::format("arrays of type '{}' are not read", printable(type, 40)),
                std::string(place), std::move(why), std::move(hint));
  };
  if (type.size() < 2) return corrupt(place, "its type is malformed");
  const char order = type[0];
  const char kind = type[1];
  if (kind == 'O')
    return unsupported("Python objects are pickled, and a pickle can run any program",
                       "save numbers or strings: numpy.asarray(values, dtype=int), or dtype=str for names");
  if (order == '>') return unsupported("only little-endian arrays are", "save array.astype(\"<f4\")");
  if (order != '<' && order != '|') return unsupported("the byte order is unknown");
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(type.data() + 2, type.data() + type.size(), size);
  if (error != std::errc() || end != type.data() + type.size())
    return corrupt(place, "its type is malformed");
  const bool known = kind == 'f'                  ? size == 2 || size == 4 || size == 8
                     : kind == 'i' || kind == 'u' ? size == 1 || size == 2 || size == 4 || size == 8
                     : kind == 'b'                ? size == 1
                                                  : kind == 'S' || kind == 'U';
  if (!known) return unsupported("floats of 2, 4, 8 bytes, integers of 1, 2, 4, 8, bool, S and U are");
  if (size > kMaxArrayBytes / 4) return corrupt(place, "its type is too wide");
  return ItemType{kind, kind == 'U' ? size * 4 : size};
}

Result<std::uint64_t> element_count(const Header& header, const ItemType& item, std::uint64_t data_bytes,
                                    std::string_view place) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : header.shape) {
    if (__builtin_mul_overflow(count, size, &count)) return corrupt(place, "its shape is impossibly large");
  }
  std::uint64_t expected = 0;
  // The second test keeps strings of width 0 from promising any number of elements without a byte of data.
  if (__builtin_mul_overflow(count, item.bytes, &expected) ||
      (item.bytes == 0 && count > data_bytes + header.data_begin)) {
    return corrupt(place, "its shape is impossibly large");
  }
  if (expected != data_bytes) {
    return corrupt(place, fmt::format("type and shape promise {} bytes, there are {}", expected, data_bytes));
  }
  if (header.fortran_order && std::ranges::count_if(header.shape, [](auto size) { return size > 1; }) > 1) {
    return fail(ErrorKind::kUnsupported, "arrays in Fortran order are not read", std::string(place), {},
                "save numpy.ascontiguousarray(x)");
  }
  return count;
}

void to_floats(const ItemType& item, std::string_view data, float* out) {
  const auto each = [&]<class Stored>(Stored) {
    for (std::size_t i = 0; i < data.size() / sizeof(Stored); ++i) {
      Stored value{};
      std::memcpy(&value, data.data() + i * sizeof(Stored), sizeof(Stored));
      if constexpr (std::is_same_v<Stored, Half>) {
        out[i] = to_float(value);
      } else {
        out[i] = static_cast<float>(value);
      }
    }
  };
  if (item.bytes == 2) return each(Half{});
  if (item.bytes == 8) return each(double{});
  if (!data.empty()) std::memcpy(out, data.data(), data.size());
}

Result<NpyArray> parse(std::string_view bytes, std::string name, std::string_view place) {
  QT_TRY(const Header header, parse_header(bytes, place));
  QT_TRY(const ItemType item, parse_type(header.type, place));
  const std::string_view data = bytes.substr(header.data_begin);
  QT_TRY(const std::uint64_t count, element_count(header, item, data.size(), place));
  NpyArray array{.name = std::move(name), .shape = header.shape, .values = {}};
  const auto integers = [&]() -> std::vector<std::int64_t> {
    const bool is_signed = item.kind == 'i';
    switch (item.bytes) {
      case 1:
        return is_signed ? convert<std::int8_t, std::int64_t>(data)
                         : convert<std::uint8_t, std::int64_t>(data);
      case 2:
        return is_signed ? convert<std::int16_t, std::int64_t>(data)
                         : convert<std::uint16_t, std::int64_t>(data);
      case 4:
        return is_signed ? convert<std::int32_t, std::int64_t>(data)
                         : convert<std::uint32_t, std::int64_t>(data);
      default:
        return convert<std::int64_t, std::int64_t>(data);
    }
  };
  switch (item.kind) {
    case 'f':
      if (item.bytes == 8) {
        array.values = convert<double, double>(data);
      } else if (item.bytes == 4) {
        array.values = convert<float, float>(data);
      } else {
        array.values = convert<Half, float>(data);
      }
      break;
    case 'S':
    case 'U': {
      QT_TRY(array.values, strings(data, item.kind == 'U', item.bytes, count, place));
      break;
    }
    default: {
      std::vector<std::int64_t> values = integers();
      if (item.kind == 'u' && item.bytes == 8 && std::ranges::any_of(values, [](auto v) { return v < 0; })) {
        return corrupt(place, "a number is larger than 2^63 - 1");
      }
      array.values = std::move(values);
    }
  }
  return array;
}

}  // namespace quantier::npy
