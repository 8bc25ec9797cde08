// Texts of a TOML value: one, or a list of them. Only the readers of the built-in tables include this.
#pragma once

#include <string>
#include <vector>

#include <toml++/toml.h>

namespace quantier::audit_internal {

[[nodiscard]] inline std::vector<std::string> texts_of(const toml::node* node) {
  std::vector<std::string> texts;
  if (node == nullptr) return texts;
  if (const auto one = node->value_exact<std::string>()) return {*one};
  if (const toml::array* array = node->as_array()) {
    for (const toml::node& item : *array) {
      if (const auto text = item.value_exact<std::string>()) texts.push_back(*text);
    }
  }
  return texts;
}

}  // namespace quantier::audit_internal
