// Notebooks: the Markdown cells, and of what code printed the tables.
#include <fmt/format.h>

#include "quantier/audit/note_text.h"
#include "quantier/audit/plain_table.h"
#include "quantier/base/json.h"

namespace quantier::audit_internal {
namespace {

Result<std::string> cell_source(const Json& cell, const std::string& name, std::size_t number) {
  const std::string where = fmt::format("{}, cell {}", name, number);
  if (!cell.is_object() || !cell.contains("source")) {
    return fail(ErrorKind::kCorruptData, "a cell has no source", where);
  }
  const Json& source = cell["source"];
  if (source.is_string()) return source.get<std::string>();
  std::string text;
  if (source.is_array()) {
    for (const Json& line : source) {
      if (!line.is_string()) return fail(ErrorKind::kCorruptData, "a line of a cell is no text", where);
      text += line.get<std::string>();
    }
    return text;
  }
  return fail(ErrorKind::kCorruptData, "the source of a cell is neither text nor lines", where);
}

// A text of a notebook: one, or a list of lines; anything else is none.
std::string lines_of(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return {};
  const Json& lines = object[key];
  if (lines.is_string()) return lines.get<std::string>();
  std::string text;
  if (!lines.is_array()) return text;
  for (const Json& line : lines) text += line.is_string() ? line.get<std::string>() : std::string();
  return text;
}

// What the last remark in a cell of code says of what is printed below it.
std::string remark_of(const std::string& source) {
  const std::size_t at = source.rfind("# ");
  if (at == std::string::npos) return {};
  return normalised(std::string_view(source).substr(at + 2, source.find('\n', at) - at - 2));
}

// The tables that a cell printed, as a page or aligned with spaces; how many.
Result<std::size_t> read_outputs(const Json& cell, std::size_t number, NoteText& note) {
  if (!cell.contains("outputs") || !cell["outputs"].is_array()) return std::size_t{0};
  const std::string remark = remark_of(lines_of(cell, "source"));
  std::size_t found = 0;
  for (const Json& output : cell["outputs"]) {
    if (!output.is_object()) continue;
    const Json data = output.contains("data") ? output["data"] : Json::object();
    const std::string page = lines_of(data, "text/html");
    if (page.find("<table") != std::string::npos) {
      QT_TRY_STATUS(read_html(page, number, note));
      ++found;
      continue;
    }
    const std::string text = lines_of(output, "text") + lines_of(data, "text/plain");
    std::vector<TextBlock> tables = plain_tables(text, {.cell = number, .line = 1}, remark);
    if (tables.empty()) note.unread_numbers += decimals_in(text);
    for (TextBlock& table : tables) {
      if (!remark.empty()) {
        note.blocks.push_back({.kind = BlockKind::kParagraph, .text = remark, .place = table.place});
      }
      found += table.kind == BlockKind::kTable ? 1 : 0;
      note.blocks.push_back(std::move(table));
    }
  }
  return found;
}

}  // namespace

Status read_notebook(std::string_view content, NoteText& note) {
  QT_TRY(const Json notebook, parse_json(content, note.name));
  if (!notebook.is_object() || !notebook.contains("cells") || !notebook["cells"].is_array()) {
    return fail(ErrorKind::kCorruptData, "this is no notebook", note.name, "there is no list of cells",
                "notebooks before version 4 of the format: open and save them once");
  }
  std::size_t number = 0;
  std::size_t code = 0;
  std::size_t tables = 0;
  for (const Json& cell : notebook["cells"]) {
    ++number;
    const std::string kind = cell.is_object() && cell.contains("cell_type") && cell["cell_type"].is_string()
                                 ? cell["cell_type"].get<std::string>()
                                 : std::string();
    if (kind == "code") {
      ++code;
      QT_TRY(const std::size_t found, read_outputs(cell, number, note));
      tables += found;
    }
    if (kind != "markdown") continue;
    QT_TRY(const std::string source, cell_source(cell, note.name, number));
    QT_TRY(const std::string html, markdown_to_html(source));
    QT_TRY_STATUS(read_html(html, number, note));
  }
  if (code > 0 && tables == 0) note.not_read.push_back(fmt::format("{} code cells and their outputs", code));
  if (code > 0 && tables > 0) {
    note.not_read.push_back(
        fmt::format("{} code cells and their outputs, but for {} printed tables", code, tables));
  }
  return {};
}

}  // namespace quantier::audit_internal
