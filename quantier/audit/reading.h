// How a written number can be read as a fact: its unit, the unit of its column, or what a list says once for
// all of its numbers.
#pragma once

#include <vector>

#include "quantier/audit/scope.h"

namespace quantier::audit_internal {

// One way to read a written number as a fact.
struct Reading {
  FactUnit unit = FactUnit::kFraction;
  double value = 0.0;
  double half_width = 0.0;
  bool difference = false;  // only as one
};

// In no order; empty where no fact could be written so.
[[nodiscard]] std::vector<Reading> readings_of(const WrittenNumber& number, const Passage& passage,
                                               const Scope& scope);

// Whether a set of metrics has one that counts things.
[[nodiscard]] bool mentions_count(const ScopeSet& metric);

}  // namespace quantier::audit_internal
