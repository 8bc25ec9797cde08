// A note's own table of sources: rows with an anchor, and behind the cell with it the finding that a figure
// comes from. Only read_html.cc includes this.
#pragma once

#include <map>
#include <string>

#include "quantier/audit/html_tree.h"

namespace quantier::audit_internal {

// "r7cc41c2c": what the program gives to its figures. Other anchors are headings and footnotes.
inline bool is_figure_anchor(const std::string& id) {
  return id.size() == 9 && id.front() == 'r' &&
         id.find_first_not_of("0123456789abcdef", 1) == std::string::npos;
}

// Anchor and finding. An anchor stands on the row, or in its first cell.
inline std::map<std::string, std::string> sources_in(const xmlNode* root) {
  std::map<std::string, std::string> sources;
  const auto add = [&](const std::string& id, const xmlNode* cell) {
    const xmlNode* finding = cell == nullptr ? nullptr : next_element(cell);
    if (finding == nullptr || name_of(finding) != "td") return;
    const std::string text = content_of(finding);
    if (text.find('/') != std::string::npos) sources.emplace(id, text);
  };
  for (const xmlNode* node = root; node != nullptr;) {
    if (node->type == XML_ELEMENT_NODE) {
      std::string id = attribute(node, "id");
      if (id.empty() && name_of(node) == "a") id = attribute(node, "name");
      if (is_figure_anchor(id)) {
        const xmlNode* cell = node;
        while (cell != nullptr && name_of(cell) != "td" && name_of(cell) != "tr") cell = cell->parent;
        if (cell != nullptr && name_of(cell) == "tr") {
          cell = cell->children;
          if (cell != nullptr && cell->type != XML_ELEMENT_NODE) cell = next_element(cell);
        }
        add(id, cell);
      }
    }
    if (node->children != nullptr && node->type == XML_ELEMENT_NODE) {
      node = node->children;
      continue;
    }
    while (node != root && node->next == nullptr) node = node->parent;
    node = node == root ? nullptr : node->next;
  }
  return sources;
}

}  // namespace quantier::audit_internal
