#include <charconv>
#include <cstring>
#include <libxml/HTMLparser.h>
#include <libxml/tree.h>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/audit/html_tree.h"
#include "quantier/audit/note_text.h"
#include "quantier/audit/plain_table.h"
#include "quantier/audit/sources_in.h"
#include "quantier/audit/table_lines.h"
#include "quantier/audit/table_spans.h"

namespace quantier::audit_internal {
namespace {

// Nobody calls xmlFree() through a pointer to a function by accident.
struct DocumentDeleter {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
using Document = std::unique_ptr<xmlDoc, DocumentDeleter>;

class Walk {
 public:
  Walk(std::size_t cell, NoteText& note) : cell_(cell), note_(note) {}

  // What the rows of a table of sources say of their anchors: the cell behind the one with the anchor.
  void learn_sources(const xmlNode* root) { sources_ = sources_in(root); }

  // Iterative: depth is bounded by the parser, and by nothing else.
  void run(const xmlNode* root) {
    const xmlNode* node = root;
    while (node != nullptr) {
      const bool down = enter(node);
      if (down && node->children != nullptr) {
        node = node->children;
        continue;
      }
      leave(node);
      while (node != root && node->next == nullptr) {
        node = node->parent;
        leave(node);
      }
      if (node == root) break;
      node = node->next;
    }
    flush();
  }

  [[nodiscard]] std::size_t program_parts() const { return program_parts_; }

 private:
  bool enter(const xmlNode* node) {
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
      if (node->content != nullptr) append(reinterpret_cast<const char*>(node->content));
      return false;
    }
    if (node->type != XML_ELEMENT_NODE && node->type != XML_HTML_DOCUMENT_NODE) return false;
    const std::string_view name = name_of(node);
    if (is_one_of(name, kSkipped)) return false;
    if (node->type == XML_ELEMENT_NODE && is_program_text(node)) {
      ++program_parts_;
      return false;
    }
    if (name == "ul") lists_.push_back({.node = node});
    if (name == "ol") lists_.push_back({.node = node, .numbered = true, .next = first_ordinal(node)});
    if (name == "li" && !lists_.empty() && lists_.back().numbered) lists_.back().item = lists_.back().next++;
    if (name == "pre") {
      preformatted(node);
      return false;
    }
    if (name == "table" && !table_) {
      flush();
      table_ = TextBlock{.kind = BlockKind::kTable, .place = place_of(node)};
    } else if (table_) {
      enter_table_part(node, name);
    } else if (is_one_of(name, kHeadings)) {
      begin(BlockKind::kHeading, node);
      level_ = name[1] - '0';
    } else if (is_one_of(name, kBlocks)) {
      const int depth = list_depth(node);
      begin(depth > 0 ? BlockKind::kItem : BlockKind::kParagraph, node);
      level_ = depth;
      ordinal_ = depth > 0 && !lists_.empty() ? lists_.back().item : 0;
    }
    if (name == "a") {
      const std::string target = attribute(node, "href");
      const auto source = target.starts_with('#') ? sources_.find(target.substr(1)) : sources_.end();
      link_begin_ = text_.size();
      link_finding_ = source == sources_.end() ? std::string() : source->second;
    }
    if (name == "br") append(table_ && in_cell_ ? std::string_view(&kCellLineEnd, 1) : " ");
    return true;
  }

  void leave(const xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE) return;
    const std::string_view name = name_of(node);
    if (!lists_.empty() && lists_.back().node == node) lists_.pop_back();
    if (name == "a" && !link_finding_.empty() && text_.size() > link_begin_)
      references_.push_back({.text = normalised(std::string_view(text_).substr(link_begin_)),
                             .finding = std::exchange(link_finding_, {}),
                             .column = 0});
    if (name == "table" && table_) {
      end_table();
    } else if (table_) {
      if (name == "td" || name == "th") end_cell();
    } else if (is_one_of(name, kHeadings) || is_one_of(name, kBlocks)) {
      flush();
    }
  }

  // A table that was aligned with spaces is read; a program and its messages are not the author's words.
  void preformatted(const xmlNode* node) {
    NotePlace place = place_of(node);
    if (!attribute(node, "data-sourcepos").empty()) ++place.line;  // behind the fence
    std::vector<TextBlock> tables;
    if (!table_) tables = plain_tables(content_of(node), place);
    if (tables.empty()) {
      ++program_parts_;
      note_.unread_numbers += decimals_in(content_of(node));
      return;
    }
    flush();
    for (TextBlock& table : tables) note_.blocks.push_back(std::move(table));
  }

  void enter_table_part(const xmlNode* node, std::string_view name) {
    if (name == "caption") caption_ = true;
    if (name == "tr") {
      end_row();
      table_->rows.push_back({.cells = {}, .place = place_of(node)});
      row_is_header_ = true;
    }
    if (name == "td" || name == "th") {
      end_cell();
      caption_ = false;
      if (table_->rows.empty()) table_->rows.push_back({.cells = {}, .place = place_of(node)});
      in_cell_ = true;
      rows_of_cell_ = span_of(node, "rowspan");
      columns_of_cell_ = span_of(node, "colspan");
      // An empty corner is often a cell of data, and the row is one of heads all the same.
      const bool corner = name == "td" && cells_of_row_ == 0;
      if (name == "td" && !corner) row_is_header_ = false;
      if (table_->rows.size() == 1) table_->header_rows = row_is_header_ && !corner ? 1 : 0;
    }
  }

  void end_cell() {
    if (!in_cell_) return;
    in_cell_ = false;
    ++cells_of_row_;
    std::vector<std::string>& cells = table_->rows.back().cells;
    spans_.add(cells, text_, rows_of_cell_, columns_of_cell_);
    for (TextReference& each : references_) {
      each.column = cells.size() - 1;
      table_->rows.back().references.push_back(std::move(each));
    }
    references_.clear();
    text_.clear();
  }

  void end_row() {
    end_cell();
    if (table_->rows.empty()) return;
    TableRow row = std::move(table_->rows.back());
    table_->rows.pop_back();
    spans_.end_row(row.cells);
    row.spanning = cells_of_row_ == 1 && row.cells.size() > 1 && columns_of_cell_ >= row.cells.size();
    cells_of_row_ = 0;
    std::vector<TableRow> lines = rows_of_lines(row);
    if (lines.size() > 1) {
      for (TableRow& line : lines) line.references.clear();
    }
    for (TableRow& line : lines) table_->rows.push_back(std::move(line));
  }

  // The number that an attribute states; 1 where it states none.
  static std::size_t span_of(const xmlNode* node, const char* name) {
    const std::string text = attribute(node, name);
    std::size_t span = 1;
    std::from_chars(text.data(), text.data() + text.size(), span);
    return span;
  }

  void end_table() {
    end_row();
    spans_ = {};
    std::erase_if(table_->rows, [](const TableRow& row) { return row.cells.empty(); });
    if (!caption_text_.empty()) {
      note_.blocks.push_back(
          {.kind = BlockKind::kParagraph, .text = normalised(caption_text_), .place = table_->place});
      caption_text_.clear();
    }
    if (!table_->rows.empty()) note_.blocks.push_back(*std::move(table_));
    table_.reset();
    caption_ = false;
    text_.clear();
  }

  void begin(BlockKind kind, const xmlNode* node) {
    flush();
    kind_ = kind;
    place_ = place_of(node);
  }

  void flush() {
    if (table_) return;
    std::string text = normalised(text_);
    text_.clear();
    if (!text.empty()) {
      note_.blocks.push_back({.kind = kind_,
                              .level = kind_ == BlockKind::kParagraph ? 0 : level_,
                              .ordinal = kind_ == BlockKind::kItem ? ordinal_ : 0,
                              .text = std::move(text),
                              .place = place_,
                              .references = std::move(references_)});
    }
    references_.clear();
    link_finding_.clear();
    kind_ = BlockKind::kParagraph;
  }

  void append(std::string_view text) {
    if (table_ && caption_) {
      caption_text_ += text;
    } else if (!table_ || in_cell_) {
      text_ += text;
    }
  }

  // In how many items of lists a node lies, itself included.
  static int list_depth(const xmlNode* node) {
    int depth = 0;
    for (const xmlNode* up = node; up != nullptr; up = up->parent) {
      const std::string_view name = up->type == XML_ELEMENT_NODE ? name_of(up) : std::string_view();
      if (name == "li" || name == "dt") ++depth;
      if (name == "dd") depth += 2;  // under its term
    }
    return depth;
  }

  // Of Markdown the line that cmark remembers; of HTML the parser's own.
  NotePlace place_of(const xmlNode* node) const {
    NotePlace place{.cell = cell_, .line = 0};
    for (const xmlNode* up = node; up != nullptr; up = up->parent) {
      if (up->type != XML_ELEMENT_NODE) break;
      const std::string position = attribute(up, "data-sourcepos");
      if (position.empty()) continue;
      std::from_chars(position.data(), position.data() + position.size(), place.line);
      return place;
    }
    const long line = xmlGetLineNo(const_cast<xmlNode*>(node));
    if (line > 0) place.line = static_cast<std::size_t>(line);
    return place;
  }

  std::size_t cell_;
  NoteText& note_;
  std::string text_;
  std::string caption_text_;
  std::map<std::string, std::string> sources_;  // anchor, finding
  std::vector<TextReference> references_;       // of the present text
  std::string link_finding_;                    // of the link that is open
  std::size_t link_begin_ = 0;
  BlockKind kind_ = BlockKind::kParagraph;
  int level_ = 1;
  int ordinal_ = 0;
  struct OpenList {
    const xmlNode* node = nullptr;
    bool numbered = false;
    int next = 0;
    int item = 0;  // the number of the item that is open
  };
  std::vector<OpenList> lists_;
  NotePlace place_;
  std::optional<TextBlock> table_;
  TableSpans spans_;
  std::size_t rows_of_cell_ = 1;
  std::size_t columns_of_cell_ = 1;
  std::size_t cells_of_row_ = 0;
  bool in_cell_ = false;
  bool caption_ = false;
  bool row_is_header_ = false;
  std::size_t program_parts_ = 0;
};

// Pictures inside a page are megabytes of base64 that nobody reads, and longer than the parser takes.
std::string without_embedded_data(std::string_view html) {
  std::string out;
  out.reserve(html.size());
  std::size_t from = 0;
  for (std::size_t at = html.find(";base64,"); at != std::string_view::npos;
       at = html.find(";base64,", from)) {
    at += std::strlen(";base64,");
    out.append(html.substr(from, at - from));
    while (at < html.size() && std::strchr("\"'<> )", html[at]) == nullptr) ++at;
    from = at;
  }
  out.append(html.substr(from));
  return out;
}

}  // namespace

Status read_html(std::string_view html, std::size_t cell, NoteText& note) {
  const std::string page = without_embedded_data(html);
  if (page.find_first_not_of(" \t\r\n") == std::string::npos) return {};
  if (page.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return fail(ErrorKind::kUserInput, "the page is too large", note.name);
  }
  htmlParserCtxtPtr parser = htmlNewParserCtxt();
  if (parser == nullptr) return fail(ErrorKind::kEnvironment, "out of memory", note.name);
  const Document document(htmlCtxtReadMemory(parser, page.data(), static_cast<int>(page.size()), nullptr,
                                             "UTF-8",
                                             HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                                 HTML_PARSE_NONET | HTML_PARSE_COMPACT));
  const bool halted = parser->disableSAX != 0 && parser->wellFormed == 0 && parser->instate == XML_PARSER_EOF;
  const xmlError* error = xmlCtxtGetLastError(parser);
  std::string why =
      error != nullptr && error->message != nullptr ? normalised(error->message) : std::string();
  htmlFreeParserCtxt(parser);
  if (halted) {
    return fail(ErrorKind::kCorruptData, "the page cannot be read to its end", note.name, std::move(why));
  }
  if (!document) return fail(ErrorKind::kCorruptData, "the page cannot be read", note.name, std::move(why));
  const xmlNode* root = xmlDocGetRootElement(document.get());
  if (root == nullptr) return {};
  Walk walk(cell, note);
  walk.learn_sources(root);
  walk.run(root);
  if (walk.program_parts() > 0) {
    note.not_read.push_back(fmt::format("{} parts of program text and output", walk.program_parts()));
  }
  return {};
}

}  // namespace quantier::audit_internal
