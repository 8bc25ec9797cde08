// Works that others published: what they show, in which scope, how notes refer to them, and their numbers.
//
// Built in: data/works.toml, the one list for the note that cites (note/literature.h) and for the audit that
// reads citations (audit/published.h). Files of users have the same form; there a work needs a `name` or
// author and year. Errors: kUserInput with line for text that is not TOML, for no [[work]], and for a work or
// value that is no table or has no name.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

// As published, as text, so that its rounding is known.
struct WorkValue {
  std::string what;    // "AWQ with Marlin, tokens/s"
  std::string metric;  // of the audit's words, or empty: any
  std::string model;   // part of a model's name, or empty
  std::string recipe;
  std::string value;  // "0.210", "6.7 B"
  int line = 0;
};

struct Work {
  std::string id;
  std::string name;    // for a person: "Lin et al., 2024 (AWQ)"
  std::string author;  // "Lin et al."
  int year = 0;        // 0: not given
  std::string source;
  std::string claim;
  std::string scope;
  std::vector<std::string> cited_as;    // "Lin et al.", "Lin and colleagues"
  std::vector<std::string> techniques;  // whose speed ratio it gives
  std::vector<WorkValue> values;
  std::map<std::string, std::string> meets;  // finding -> the sentence of a note
  bool table = false;                        // a table of results that could be taken for one's own
  int line = 0;                              // of the file
};

struct Works {
  int version = 0;
  std::vector<Work> list;
};

[[nodiscard]] Result<Works> parse_works(std::string_view toml, std::string_view source);
// The built-in ones.
[[nodiscard]] const Works& builtin_works();

}  // namespace quantier
