// Records of a CSV file (RFC 4180), one at a time from memory; csv.cc and the prediction reader build on it.
//
// A file that breaks the rules is refused with the line: a guess would shift columns against each other.
// Errors: kCorruptData with `source` and the line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/raw_records.h"

namespace quantier {

class CsvReader {
 public:
  CsvReader(std::string_view content, char separator, std::string_view source)
      : content_(content), separator_(separator), source_(source), at_(byte_order_mark_bytes(content)) {}

  // False at the end of the data. Blank lines are skipped. `fields` keeps its strings' capacity.
  Result<bool> next(std::vector<std::string>& fields) {
    skip_blank_lines();
    if (at_ >= content_.size()) return false;
    record_line_ = line_;
    std::size_t count = 0;
    while (true) {
      if (fields.size() <= count) fields.emplace_back();
      fields[count].clear();
      QT_TRY_STATUS(read_field(fields[count]));
      ++count;
      if (at_ >= content_.size()) break;
      if (content_[at_] == separator_) {
        ++at_;
        continue;
      }
      skip_line_end();
      break;
    }
    fields.resize(count);
    return true;
  }
  [[nodiscard]] std::uint64_t record_line() const { return record_line_; }

 private:
  [[nodiscard]] bool line_end_at(std::size_t i) const {
    return content_[i] == '\n' || (content_[i] == '\r' && i + 1 < content_.size() && content_[i + 1] == '\n');
  }
  void skip_line_end() {
    at_ += content_[at_] == '\r' ? 2 : 1;
    ++line_;
  }
  void skip_blank_lines() {
    while (at_ < content_.size() && line_end_at(at_)) skip_line_end();
  }
  [[nodiscard]] std::unexpected<Error> malformed(std::uint64_t line, std::string why,
                                                 std::string hint) const {
    return fail(ErrorKind::kCorruptData, "CSV is malformed", at_line(source_, line), std::move(why),
                std::move(hint));
  }

  // Leaves at_ on the separator, on the line end, or at the end of the data.
  Status read_field(std::string& field) {
    const std::size_t begin = at_;
    if (at_ < content_.size() && content_[at_] == '"') return read_quoted(field);
    while (at_ < content_.size() && content_[at_] != separator_ && !line_end_at(at_)) {
      if (content_[at_] == '"') {
        return malformed(line_, "a quote inside a field that does not begin with one",
                         "enclose the field in quotes and write \"\" for each quote in it");
      }
      if (content_[at_] == '\r' && at_ + 1 < content_.size()) {
        return malformed(line_, "a carriage return outside quotes that no line feed follows",
                         "write the file with LF or CRLF line ends");
      }
      ++at_;
    }
    std::string_view part = content_.substr(begin, at_ - begin);
    QT_TRY_STATUS(check_utf8(part, begin, line_, source_));
    if (at_ >= content_.size() && part.ends_with('\r')) part.remove_suffix(1);
    field.assign(part);
    return {};
  }

  Status read_quoted(std::string& field) {
    const std::uint64_t opening_line = line_;
    ++at_;
    while (true) {
      const std::size_t quote = content_.find('"', at_);
      const std::string_view part =
          content_.substr(at_, quote == std::string_view::npos ? quote : quote - at_);
      if (const auto invalid = find_invalid_utf8(part)) {
        const auto line = line_ + count_lines(part.substr(0, *invalid));
        return check_utf8(part, at_, line, source_);
      }
      if (quote == std::string_view::npos) {
        return malformed(opening_line, "a quoted field begins here and is never closed",
                         "look for a missing quote, or write \"\" for a quote inside a field");
      }
      field.append(part);
      line_ += count_lines(part);
      at_ = quote + 1;
      if (at_ < content_.size() && content_[at_] == '"') {
        field.push_back('"');
        ++at_;
        continue;
      }
      if (at_ >= content_.size() || content_[at_] == separator_ || line_end_at(at_)) return {};
      if (content_[at_] == '\r' && at_ + 1 == content_.size()) {
        ++at_;
        return {};
      }
      return malformed(line_, "text follows the closing quote of a field",
                       "write \"\" for a quote inside a field");
    }
  }
  static std::uint64_t count_lines(std::string_view part) {
    return static_cast<std::uint64_t>(std::ranges::count(part, '\n'));
  }

  std::string_view content_;
  char separator_;
  std::string_view source_;
  std::size_t at_;
  std::uint64_t line_ = 1;
  std::uint64_t record_line_ = 1;
};

}  // namespace quantier
