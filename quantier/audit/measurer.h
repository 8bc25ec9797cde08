// Who is said to have measured something: the writer and their people ("our GPU team's benchmark", "what he
// has timed"), nobody in particular ("pilot runs", "as measured"), or others ("a public benchmark", "the
// authors report"). Told by an owner or a person beside a word of measuring, not by set phrases. Only
// claim*.cc include this.
#pragma once

#include <vector>

#include "quantier/audit/passage.h"
#include "quantier/audit/published.h"
#include "quantier/audit/relation.h"

namespace quantier::audit_internal {

struct Measuring {
  bool own = false;  // the writer's or their people's; otherwise it is not said whose
  std::size_t begin = 0;
  std::size_t end = 0;
};

// In the order of the text, between two places; what is denied, supposed or planned is left out.
[[nodiscard]] std::vector<Measuring> measurings_in(const Passage& passage, const Span& span);

// Whether a text says that others published or measured what it tells. Names of techniques alone do not.
[[nodiscard]] bool credits_others(std::string_view text, const Published& published);

// Whether a text calls its numbers computed and not measured, in whatever words.
[[nodiscard]] bool calls_computed(std::string_view text);

}  // namespace quantier::audit_internal
