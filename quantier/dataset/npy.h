// One .npy array: its header, its element type, and its values. npz.h reads archives of them.
//
// The header is a Python dict literal; this reads that much of Python and no more. Nothing is allocated
// before the shape has been compared with the bytes that are there. Errors: kCorruptData or kUnsupported with
// `place`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/dataset/npz.h"

namespace quantier::npy {

inline constexpr std::uint64_t kMaxArrayBytes = std::uint64_t{4} << 30;

struct Header {
  std::string type;  // "<f4"
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::size_t data_begin = 0;
};

struct ItemType {
  char kind = 0;            // f i u b S U
  std::uint64_t bytes = 0;  // of one element
};

[[nodiscard]] std::unexpected<Error> corrupt(std::string_view place, std::string why);

// `bytes` begins with the array; more may follow the header, or not yet be there.
[[nodiscard]] Result<Header> parse_header(std::string_view bytes, std::string_view place);
[[nodiscard]] Result<ItemType> parse_type(const std::string& type, std::string_view place);

// Elements that the shape promises, when `data_bytes` bytes hold exactly so many in an order that is read.
[[nodiscard]] Result<std::uint64_t> element_count(const Header& header, const ItemType& item,
                                                  std::uint64_t data_bytes, std::string_view place);

// Whole elements of kind 'f' as float; doubles are rounded to the nearest.
void to_floats(const ItemType& item, std::string_view data, float* out);

[[nodiscard]] Result<NpyArray> parse(std::string_view bytes, std::string name, std::string_view place);

}  // namespace quantier::npy
