// "Four of the six satisfy the ECE limit", "no configuration breaks it": how many are said to keep or to
// break a limit. Only claim_limit.cc includes this.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "quantier/audit/fact.h"

namespace quantier::audit_internal {

// The reason for an alarm, or an empty text. `text`: a clause in small letters, of `all` configurations;
// `denied`: a denial in it was read as one of the outcome.
[[nodiscard]] std::string wrong_count(std::string_view text, const AuditLimit& limit, std::size_t all,
                                      bool passes, bool denied);

}  // namespace quantier::audit_internal
