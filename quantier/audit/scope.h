// What a number can be about: the models, recipes, tiers, classes, metrics and fits that its surroundings
// allow.
//
// Two scopes. The narrow one holds what grammar ties to the number: the last name before it inside its own
// clause, a name joined behind it ("0.041 at fp16"), its row and its column, its place in a list of as many
// names. The wide one holds everything that its sentence names, and where that names nothing, what the text
// around it does. A number that the narrow scope explains is right; one that even the wide scope cannot
// explain is wrong; what lies between is told apart from both, because a reader's grammar is richer than this
// one.
#pragma once

#include <string>
#include <vector>

#include "quantier/audit/fact.h"
#include "quantier/audit/passage.h"

namespace quantier {

struct ScopeSet {
  std::vector<std::string> values;  // empty: anything
  bool pinned = false;              // tied to this number by grammar, row or column
  [[nodiscard]] bool allows(const std::string& value) const;
};

struct Scope {
  ScopeSet model;
  ScopeSet recipe;
  ScopeSet tier;
  ScopeSet label;
  ScopeSet metric;
  ScopeSet fit;
  [[nodiscard]] bool pinned() const { return model.pinned || recipe.pinned || tier.pinned || fit.pinned; }
};

struct NumberScopes {
  Scope narrow;
  Scope wide;
  // The wide one without tiers, classes and fits that only the text around says: what a number may be of at
  // all.
  Scope plausible;
  bool metric_is_near =
      false;                  // the sentence, row or column says what is measured; otherwise the text around
  bool limit = false;         // a declared bound stands beside it
  bool hypothetical = false;  // "if the ceiling were ..."
  bool bounding = false;      // "under 10 ms"
  bool approximate = false;
  bool convention = false;     // "95 %", "batches of 32"
  bool is_difference = false;  // "by 0.024", "+0.066"
  bool compares = false;       // the sentence sets one thing against another
};

[[nodiscard]] NumberScopes scopes_of(const Passage& passage, std::size_t number,
                                     const AuditEvidence& evidence);

// Whether differences are given in points here, said beside the number or once for a whole list.
[[nodiscard]] bool counts_in_points(const Passage& passage);

// Whether a fact can be what a number in this scope states, its value apart.
[[nodiscard]] bool in_scope(const Fact& fact, const Scope& scope);

}  // namespace quantier
