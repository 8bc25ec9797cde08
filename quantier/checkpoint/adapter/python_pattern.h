// A regular expression as Python's `re` reads it, for the patterns of adapter_config.json.
//
// PEFT matches module names with Python's engine; PCRE2 stands in for it. Only what means the same in both is
// read: literals, escaped punctuation, \d \D \w \W \s \S \b \B, classes, groups ( ), (?: ), (?P<name> ),
// look-around, alternatives, anchors and quantifiers. Everything else is kUnsupported with the part and its
// byte. Names of modules are ASCII, so classes are ASCII too. A pattern from a stranger may be built to run
// for ever: the work of one match and the length of a pattern are bounded, and running into the bound is
// kUnsupported, never "no match".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "quantier/base/error.h"

namespace quantier {

class PythonPattern {
 public:
  // `source` names file and key in errors. `before` and `after` are put around the text as it stands, as PEFT
  // does with an f-string: a pattern with an odd bracket means there what it means here.
  [[nodiscard]] static Result<PythonPattern> compile(std::string_view pattern, std::string_view source,
                                                     std::string_view before = {},
                                                     std::string_view after = {});
  PythonPattern(PythonPattern&&) noexcept;
  PythonPattern& operator=(PythonPattern&&) noexcept;
  ~PythonPattern();

  // re.fullmatch and re.match (anchored at the start only).
  [[nodiscard]] Result<bool> matches_whole(std::string_view text) const;
  [[nodiscard]] Result<bool> matches_start(std::string_view text) const;

 private:
  PythonPattern();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quantier
