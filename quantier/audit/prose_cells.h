// Cells of a table that hold whole sentences, as in pages set in two columns. Their claims are read as those
// of sentences; what the header and the row name stands before them. Only claim*.cc include this.
#pragma once

#include <optional>

#include "quantier/audit/passage.h"

namespace quantier::audit_internal {

// The sentence that a cell, or its part, is; nullopt where it is an ordinary cell of a few words or numbers.
[[nodiscard]] std::optional<Passage> sentence_in_cell(const Passage& cell);

}  // namespace quantier::audit_internal
