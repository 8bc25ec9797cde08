// Which end of an interval a number is.
#include <algorithm>
#include <cctype>

#include "quantier/audit/matcher.h"
#include "quantier/audit/range_mark.h"

namespace quantier::audit_internal {

Matcher::Matcher(const Passage& passage, std::size_t index, const AuditEvidence& evidence,
                 const Published& published, const std::vector<std::size_t>& owner)
    : passage_(passage),
      owner_(owner),
      number_(passage.numbers[index]),
      evidence_(evidence),
      published_(published),
      scopes_(scopes_of(passage, index, evidence)) {
  // Of two numbers in brackets the first is the lower end.
  const std::vector<WrittenNumber>& numbers = passage.numbers;
  if (number_.in_brackets && index + 1 < numbers.size() && numbers[index + 1].in_brackets &&
      !(index > 0 && numbers[index - 1].in_brackets && paired(index - 1))) {
    place_ = paired(index) ? 1 : 0;
  } else if (number_.in_brackets && index > 0 && numbers[index - 1].in_brackets && paired(index - 1)) {
    place_ = 2;
  }
  if (passage.kind == PassageKind::kCell && !number_.in_brackets) place_ = column_end(passage.column_text);
  if (number_.in_range && !number_.in_brackets) {
    const bool first = index + 1 < numbers.size() && numbers[index + 1].in_range && joins_range(index);
    place_ = first ? 1 : 2;
  }
  brackets_ = std::ranges::any_of(numbers, &WrittenNumber::in_brackets);
  for (const std::vector<Mention>* list :
       {&passage.mentions, &passage.column_mentions, &passage.row_mentions}) {
    for (const char* word : {"limit", "fail", "pass", "hypothetical", "would_change", "bounding", "binds"}) {
      limit_said_ = limit_said_ || says(*list, word);
    }
    for (const char* word : {"hypothetical", "would_change", "bounding", "relax"})
      step_said_ = step_said_ || says(*list, word);
  }
  // A column of the lower ends holds nothing else, and needs no other word for it.
  interval_said_ = number_.in_brackets || number_.in_range || place_ != 0;
  if (passage.kind != PassageKind::kSentence) {
    interval_said_ = interval_said_ || says(passage.mentions, "interval") ||
                     says(passage.column_mentions, "interval") || says(passage.row_mentions, "interval");
  }
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kWord || each.means.front() != "interval") continue;
    const std::size_t distance = each.end <= number_.begin   ? number_.begin - each.end
                                 : each.begin >= number_.end ? each.begin - number_.end
                                                             : 0;
    interval_said_ = interval_said_ || distance < 20;
    if (distance == 0 && number_.unit == WrittenUnit::kPercent) level_ = true;  // "95 %" itself
  }
  read_shares();
}

bool Matcher::joins_range(std::size_t at) const {
  const WrittenNumber& one = passage_.numbers[at];
  const WrittenNumber& two = passage_.numbers[at + 1];
  if (one.end > two.begin) return false;
  const std::string gap = passage_.text.substr(one.end, two.begin - one.end);
  return gap == " and " || is_range_mark(gap);
}

int Matcher::column_end(std::string_view header) {
  std::string words = " ";
  for (const char c : header)
    words += std::isalnum(static_cast<unsigned char>(c)) != 0
                 ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
                 : ' ';
  words += ' ';
  for (const char* low : {" low ", " lower ", " lo "}) {
    if (words.find(low) != std::string::npos) return 1;
  }
  for (const char* high : {" high ", " upper ", " hi "}) {
    if (words.find(high) != std::string::npos) return 2;
  }
  return 0;
}

bool Matcher::paired(std::size_t at) const {
  const std::string_view text = passage_.text;
  const WrittenNumber& one = passage_.numbers[at];
  const WrittenNumber& two = passage_.numbers[at + 1];
  if (one.end > two.begin) return false;
  const std::string_view gap = text.substr(one.end, two.begin - one.end);
  return gap.find(']') == std::string_view::npos && gap.find('[') == std::string_view::npos;
}

}  // namespace quantier::audit_internal
