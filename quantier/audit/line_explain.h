// What a whole line of a table can be of: the one metric, fit and unit under which most of its numbers are
// those of their configurations, whatever its head says. Only match_lines.cc includes this.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantier/audit/match.h"

namespace quantier::audit_internal {

// A number of a line with the configuration that its row or its column names.
struct Entry {
  CheckedNumber* checked = nullptr;
  const Passage* passage = nullptr;
  const WrittenNumber* number = nullptr;
  Scope scope;
};

// What a whole line can be of: everything of a fact but its configuration, and the unit it is written in.
struct Identity {
  std::string metric;
  std::string fit;
  std::string device;
  FactRole role = FactRole::kValue;
  FactSource source = FactSource::kMeasured;
  FactUnit unit = FactUnit::kFraction;
  double scale = 1.0;
  auto operator<=>(const Identity&) const = default;
};

struct Explained {
  Identity identity;
  std::vector<std::optional<std::size_t>> facts;  // of each entry, in their order
  std::size_t count = 0;
  double digits = 0.0;
};

// The one name of a set that is tied to the number; null: none or several.
[[nodiscard]] inline const std::string* only(const ScopeSet& set) {
  return set.pinned && set.values.size() == 1 ? &set.values.front() : nullptr;
}

// Whether a fact is of the configuration, tier and class of a row or column.
[[nodiscard]] bool same_configuration(const Fact& fact, const Scope& scope);

// Whether the unit beside a number is another than the one in which it is right.
[[nodiscard]] bool is_slip(const Entry& entry, const Identity& identity);

// The best explanation of a line; nullopt: none of its numbers is anybody's.
[[nodiscard]] std::optional<Explained> explain(const std::vector<Entry>& line, const AuditEvidence& evidence);

}  // namespace quantier::audit_internal
