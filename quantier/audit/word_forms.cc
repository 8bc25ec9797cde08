#include "quantier/audit/word_forms.h"

#include <algorithm>

namespace quantier::audit_internal {

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::vector<std::string> verb_forms(const std::string& verb) {
  // Of "eat into" the first word changes.
  const std::size_t space = verb.find(' ');
  const std::string base = verb.substr(0, space);
  const std::string rest = space == std::string::npos ? std::string() : verb.substr(space);
  std::vector<std::string> forms = {base};
  const auto vowel = [](char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; };
  const char last = base.back();
  const char before = base.size() > 1 ? base[base.size() - 2] : 'a';
  if (last == 'e') {
    forms.insert(forms.end(), {base + "s", base + "d", base.substr(0, base.size() - 1) + "ing"});
  } else if (last == 'y' && !vowel(before)) {
    const std::string stem = base.substr(0, base.size() - 1);
    forms.insert(forms.end(), {stem + "ies", stem + "ied", base + "ing"});
  } else {
    const bool hissing =
        last == 's' || last == 'x' || last == 'z' || base.ends_with("sh") || base.ends_with("ch");
    forms.insert(forms.end(), {base + (hissing ? "es" : "s"), base + "ed", base + "ing"});
    if (!vowel(last) && vowel(before) && last != 'w' && last != 'x') {
      forms.insert(forms.end(),
                   {base + last + "ed", base + last + "ing"});  // cripple apart: "slam", "slammed"
    }
  }
  for (std::string& form : forms) form += rest;
  return forms;
}

std::vector<std::string> adjective_forms(const std::string& word) {
  if (word.ends_with("ic")) return {word, word + "ally"};
  if (word.ends_with("le")) return {word, word.substr(0, word.size() - 1) + "y"};
  if (word.ends_with("y")) return {word, word.substr(0, word.size() - 1) + "ily"};
  return {word, word + "ly"};
}

}  // namespace quantier::audit_internal
