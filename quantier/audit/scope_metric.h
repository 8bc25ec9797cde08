// Which metric a number is of, beyond the nearest name of one: its pair, its tier, its unit, and what a word
// widens. Only scope.cc includes this.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "quantier/audit/scope.h"

namespace quantier::audit_internal {

inline void merge(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& value : more) {
    if (std::ranges::find(into, value) == into.end()) into.push_back(value);
  }
}

// "15/16" where something above says in which order: lost and gained.
void metric_of_pair(const Passage& passage, const WrittenNumber& number, NumberScopes& scopes);
// What else is meant where a word is said: a temperature is told by the error that it leaves, a gate by the
// share that it lets through and by how often that is right.
void widen_metrics(const Passage& passage, const WrittenNumber& number, NumberScopes& scopes);
// "tail 0.420 against 0.45": a tier right before a number, with no metric between, is told by its accuracy.
void metric_of_tier(const Passage& passage, const WrittenNumber& number, NumberScopes& scopes);
// What the unit says of the metric outweighs words: milliseconds are time, points a difference.
void metric_of_unit(const Passage& passage, const WrittenNumber& number, bool metric_is_near, Scope& scope);

}  // namespace quantier::audit_internal
