// The tables of a store, and how an older store gets those that it lacks; not for other stages.
//
// Errors: kUnsupported for a newer schema; kUserInput for the database of another program.
#pragma once

#include <string_view>

#include "quantier/base/error.h"
#include "quantier/evidence/sqlite.h"

namespace quantier::evidence_internal {

// Creates the tables in an empty database, checks the version, and migrates when the mode allows it.
[[nodiscard]] Status prepare_schema(sqlite::Connection& connection, sqlite::Mode mode);

[[nodiscard]] Result<bool> has_table(sqlite::Connection& connection, std::string_view name);

}  // namespace quantier::evidence_internal
