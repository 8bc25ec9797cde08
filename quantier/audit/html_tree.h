// Reading the tree of a page: names and attributes of its elements, and which of them are no text of the
// note. Only read_html.cc includes this.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <libxml/tree.h>
#include <string>
#include <string_view>

namespace quantier::audit_internal {

inline std::string_view name_of(const xmlNode* node) {
  return node->name == nullptr ? std::string_view() : reinterpret_cast<const char*>(node->name);
}

inline std::string attribute(const xmlNode* node, const char* name) {
  xmlChar* value = xmlGetProp(const_cast<xmlNode*>(node), reinterpret_cast<const xmlChar*>(name));
  if (value == nullptr) return {};
  std::string text = reinterpret_cast<const char*>(value);
  xmlFree(value);
  return text;
}

template <std::size_t N>
bool is_one_of(std::string_view name, const char* const (&names)[N]) {
  for (const char* each : names) {
    if (name == each) return true;
  }
  return false;
}

inline constexpr const char* kSkipped[] = {"script",   "style",  "svg",    "head",     "template",
                                           "noscript", "iframe", "object", "textarea", "select",
                                           "button",   "nav",    "math"};
inline constexpr const char* kHeadings[] = {"h1", "h2", "h3", "h4", "h5", "h6"};
// Elements that end the sentence before them.
inline constexpr const char* kBlocks[] = {
    "p",      "div",   "section", "article", "main",       "body",   "html",       "ul", "ol",
    "li",     "dl",    "dt",      "dd",      "blockquote", "figure", "figcaption", "hr", "header",
    "footer", "aside", "details", "summary", "address",    "center", "form"};

// What a notebook's export calls its code and outputs: not written by the author of the note.
inline bool is_program_text(const xmlNode* node) {
  const std::string classes = " " + attribute(node, "class") + " ";
  for (const char* name : {" jp-InputArea ", " jp-CodeCell ", " jp-OutputArea ", " code_cell ", " output ",
                           " output_wrapper ", " input_area ", " highlight ", " jp-Cell-outputWrapper ",
                           " prompt ", " jp-InputPrompt ", " anchor-link "}) {
    if (classes.find(name) != std::string::npos) return true;
  }
  return attribute(node, "hidden") == "hidden" || attribute(node, "aria-hidden") == "true";
}

// The number of the first item of a numbered list.
inline int first_ordinal(const xmlNode* list) {
  constexpr int kLargest = 1'000'000;
  const std::string start = attribute(list, "start");
  int ordinal = 1;
  std::from_chars(start.data(), start.data() + start.size(), ordinal);
  return std::clamp(ordinal, 0, kLargest);
}

// The next element behind one, or null.
inline const xmlNode* next_element(const xmlNode* node) {
  do {
    node = node->next;
  } while (node != nullptr && node->type != XML_ELEMENT_NODE);
  return node;
}

// Everything that an element holds, as it is written.
inline std::string content_of(const xmlNode* node) {
  xmlChar* content = xmlNodeGetContent(node);
  if (content == nullptr) return {};
  std::string text = reinterpret_cast<const char*>(content);
  xmlFree(content);
  return text;
}

}  // namespace quantier::audit_internal
