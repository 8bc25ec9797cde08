// Rows cut into tiles: as many whole ones as there are, then one of each smaller size that is left. Included
// inside the anonymous namespace of a source file of kernels (kernels_body.h says why).

// The number of rows as a type, so that loops over them are compiled for each.
template <int kRows>
struct RowCount {
  static constexpr int value = kRows;
};

// Calls tile(first row, RowCount) for kMost rows at a time, then for the rest.
template <int kMost, class Tile>
inline void for_rows(std::size_t rows, const Tile& tile) {
  std::size_t first = 0;
  for (; first + kMost <= rows; first += kMost) tile(first, RowCount<kMost>{});
  if constexpr (kMost > 1) {
    if (first < rows)
      for_rows<kMost - 1>(rows - first, [&](std::size_t more, auto count) { tile(first + more, count); });
  }
}
