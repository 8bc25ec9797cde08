// Configurations as a sentence names them, in its order: "demo-encoder int8", "the int8 encoder", "int8"
// where one model is spoken of, "the decoder" (all of its). Only claim*.cc include this.
#pragma once

#include <string>
#include <vector>

#include "quantier/audit/passage.h"

namespace quantier::audit_internal {

struct NamedConfiguration {
  std::string model = {};
  std::string recipe = {};  // empty: all of the model's
  std::size_t begin = 0;
  std::size_t end = 0;
};

// In the order of the text. A recipe without a model beside it is of the only model that the passage names,
// or else of the last one before it; one of no model is left out.
[[nodiscard]] std::vector<NamedConfiguration> configurations_in(const Passage& passage);
// The same, where a recipe of no model that is known stands with an empty model: "int8 is the fastest" speaks
// of every model, or of the one that the heading names.
[[nodiscard]] std::vector<NamedConfiguration> possible_configurations_in(const Passage& passage);

// The last one that ends before a place, and the first one that begins behind it, between two ends; null:
// none.
[[nodiscard]] const NamedConfiguration* last_before(const std::vector<NamedConfiguration>& list,
                                                    std::size_t at, std::size_t from = 0);
[[nodiscard]] const NamedConfiguration* first_behind(const std::vector<NamedConfiguration>& list,
                                                     std::size_t at, std::size_t to);

}  // namespace quantier::audit_internal
