// Reads the arrays of testdata/formats/*.json: {"dtype", "shape", "hex"}, little-endian bytes in row-major
// order, so that goldens are compared bit by bit. For tests only; a golden that cannot be read is a broken
// checkout and ends the test with an exception.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "quantier/base/half.h"
#include "quantier/base/json.h"

namespace quantier::goldens {

inline Json read(const std::string& path) {
  auto json = read_json_file(path);
  if (!json) throw std::runtime_error(json.error().message());
  return std::move(*json);
}

template <class T>
std::vector<T> values(const Json& array, const char* dtype) {
  if (array.at("dtype") != dtype) throw std::runtime_error("the golden array has another dtype");
  const auto text = array.at("hex").get<std::string>();
  const auto nibble = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::vector<std::uint8_t> bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>((nibble(text[2 * i]) << 4) | nibble(text[2 * i + 1]));
  }
  std::vector<T> result(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(result.data(), bytes.data(), bytes.size());
  return result;
}

inline std::vector<float> floats(const Json& array) { return values<float>(array, "float32"); }
inline std::vector<std::uint8_t> bytes(const Json& array) { return values<std::uint8_t>(array, "uint8"); }
inline std::vector<std::int8_t> codes(const Json& array) { return values<std::int8_t>(array, "int8"); }
inline std::vector<std::int32_t> sums(const Json& array) { return values<std::int32_t>(array, "int32"); }
inline std::vector<std::uint16_t> half_bits(const Json& array) {
  return values<std::uint16_t>(array, "float16");
}

// Halves as the floats that hold them.
inline std::vector<float> halves(const Json& array) {
  std::vector<float> result;
  for (const std::uint16_t bits : half_bits(array)) result.push_back(to_float(Half{bits}));
  return result;
}

inline std::size_t dimension(const Json& array, std::size_t axis) {
  return array.at("shape").at(axis).get<std::size_t>();
}

}  // namespace quantier::goldens
