// Numbers and ratios that others published, with the scope in which they were found: what a note may cite,
// and may not sell as its own.
//
// Made from the works of literature/work.h, those built in and tables of users in the same form, for example
// one with the results of an earlier project. Errors: kUserInput with file and line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/audit/passage.h"
#include "quantier/base/error.h"

namespace quantier {

struct PublishedValue {
  std::string what;    // "AWQ with Marlin kernels"
  std::string metric;  // a metric of data/words.toml, or empty: any
  std::string model;   // part of a model's name, or empty
  std::string recipe;
  double value = 0.0;
  double half_width = 0.0;  // of its rounding
};

struct PublishedWork {
  std::string name;                     // "Lin et al., 2024"
  std::string scope;                    // models, sizes, hardware
  std::vector<std::string> cited_as;    // phrases by which a note refers to it
  std::vector<std::string> techniques;  // whose speed ratio it gives: "AWQ", "Marlin"; empty: none
  std::vector<PublishedValue> values;
  bool table = false;  // a table of results that could be taken for one's own
};

struct Published {
  int version = 0;
  std::vector<PublishedWork> works;
};

[[nodiscard]] Result<Published> builtin_published();
// Adds the works of a file of the same form.
[[nodiscard]] Status add_published(std::string_view text, const std::string& source, Published& published);

// The works that a text refers to.
[[nodiscard]] std::vector<const PublishedWork*> cited_in(std::string_view text, const Published& published);

}  // namespace quantier
