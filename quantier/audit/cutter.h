// Cuts a note into passages: passage.cc the text, passage_table.cc the tables. Only these include this.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantier/audit/passage.h"

namespace quantier::audit_internal {

inline void append(std::vector<Mention>& to, const std::vector<Mention>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

class Cutter {
 public:
  Cutter(const NoteText& note, const Vocabulary& words) : note_(note), words_(words) {}
  std::vector<Passage> run();

 private:
  [[nodiscard]] Passage passage(PassageKind kind, std::string text, NotePlace place) const;
  static void refer(Passage& made, std::span<const TextReference>& references);
  void heading(const TextBlock& block);
  void sentences(const TextBlock& block);
  [[nodiscard]] bool has_digits(const std::string& cell) const;
  [[nodiscard]] bool has_number(const TableRow& row) const;
  [[nodiscard]] bool is_requirement(const std::string& cell) const;
  // How many cells of a row come before its first number; at least one.
  [[nodiscard]] std::size_t label_columns(const TableRow& row) const;
  // What a cell of a table names, abbreviations and all.
  [[nodiscard]] std::vector<Mention> names_in(const TextBlock& block, std::size_t r, std::size_t c) const;
  // "H", "rare": tiers only beside others of their kind, in the same row or column.
  [[nodiscard]] bool abbreviates_tiers(const TextBlock& block, std::size_t r, std::size_t c) const;
  [[nodiscard]] std::vector<Mention> corner_names(const TextBlock& block) const;
  void table(const TextBlock& block);
  void cell(const TextBlock& block, const TableRow& row, std::size_t r, std::size_t c,
            const std::vector<std::string>& header, const std::vector<Mention>& texts);
  void cell_part(const TextBlock& block, const TableRow& row, std::size_t r, std::size_t c,
                 const std::vector<std::string>& header, const std::vector<Mention>& texts,
                 const std::string& text);
  void prose_cell(const TextBlock& block, const TableRow& row, std::size_t r, std::size_t c,
                  const std::vector<std::string>& header, const std::vector<Mention>& texts);
  void tell_order_of_pairs();
  static bool is_prose(const std::string& cell);
  [[nodiscard]] std::vector<Mention> group_of(const TableRow& row, const std::vector<Mention>& before);
  void read_column(const TextBlock& block, std::size_t c, const std::vector<std::string>& header,
                   Passage& made) const;
  void read_caption_unit(Passage& made) const;

  const NoteText& note_;
  const Vocabulary& words_;
  std::vector<Passage> passages_;
  std::vector<std::pair<int, std::vector<Mention>>> headings_;
  std::vector<Mention> lead_in_;
  std::vector<Mention> siblings_;                            // of the present list
  std::string lead_text_;                                    // the paragraph before, or the heading
  std::string group_text_;                                   // of the row that names those below it
  std::string heading_text_;                                 // the innermost one
  bool commas_ = false;                                      // the note writes decimals with them
  std::vector<std::pair<int, std::vector<Mention>>> items_;  // around the present item, by depth
  std::size_t block_ = 0;
  std::size_t section_ = 0;
  std::size_t prose_rows_ = 0;  // rows of tables so far: the sentences of one belong together
  int appendix_level_ = 0;
  bool provenance_ = false;  // of the appendix that is open
};

}  // namespace quantier::audit_internal
