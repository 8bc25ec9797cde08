// Words that say which way a number goes: up or down, and whether they judge ("ahead", "worse") or only tell
// ("higher"). What judges turns round where less is better. Only claim*.cc include this.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace quantier::audit_internal {

struct Direction {
  bool up = false;
  bool judges = false;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The only direction that words between two places give; nullopt for none or both. `steps`: of words that
// tell a step alone, and not how two things stand or whether that is good.
[[nodiscard]] std::optional<Direction> direction_in(std::string_view text, std::size_t from, std::size_t to,
                                                    bool steps = false);

}  // namespace quantier::audit_internal
