// Tables that somebody aligned with spaces: a printed data frame, the output of a script, a block of
// preformatted text.
//
// Columns are where every row has a gap at the same place; numbers of one row never share a cell unless
// brackets hold them together. Lines that are no table (a log, a program) give none: a table has at least
// kFewestRows rows of the same shape, each with a label and a number.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/audit/note_text.h"

namespace quantier::audit_internal {

inline constexpr std::size_t kFewestPlainRows = 2;
// What is longer is no table that anybody would read.
inline constexpr std::size_t kMostPlainRows = 1000;
inline constexpr std::size_t kLongestPlainLine = 1000;

// The tables of a preformatted text, in its order. `place` is that of its first line. `caption`: a remark
// beside it ("points, 95 % interval, lost, gained"), which heads a table without a header when it lists as
// many things as there are columns.
// How many decimal numbers a text holds that is read no further.
[[nodiscard]] std::size_t decimals_in(std::string_view text);
[[nodiscard]] std::vector<TextBlock> plain_tables(std::string_view text, NotePlace place,
                                                  std::string_view caption = {});

}  // namespace quantier::audit_internal
