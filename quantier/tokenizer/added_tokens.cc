#include "quantier/tokenizer/added_tokens.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/tokenizer/unicode.h"

namespace quantier::tokenizer_detail {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;
constexpr std::size_t kMaxTokens = 100'000;

}  // namespace

Result<std::vector<AddedToken>> read_added_tokens(const Json& root, std::string_view source) {
  const auto corrupt = [&](std::string why) {
    return fail(ErrorKind::kCorruptData, "the tokenizer's added tokens are malformed", std::string(source),
                std::move(why));
  };
  std::vector<AddedToken> tokens;
  const auto list = root.find("added_tokens");
  if (list == root.end() || list->is_null()) return tokens;
  if (!list->is_array()) return corrupt("added_tokens is not a list");
  if (list->size() > kMaxTokens) return corrupt(fmt::format("{} tokens are too many", list->size()));
  std::unordered_set<std::string> seen;
  for (const Json& entry : *list) {
    if (!entry.is_object()) return corrupt("an entry is not an object");
    AddedToken token;
    QT_TRY(token.content, json_get<std::string>(entry, "content", source));
    QT_TRY(const std::int64_t id, json_get<std::int64_t>(entry, "id", source));
    QT_TRY(token.single_word, json_get<bool>(entry, "single_word", source));
    QT_TRY(token.lstrip, json_get<bool>(entry, "lstrip", source));
    QT_TRY(token.rstrip, json_get<bool>(entry, "rstrip", source));
    QT_TRY(token.normalized, json_get<bool>(entry, "normalized", source));
    QT_TRY(token.special, json_get<bool>(entry, "special", source));
    if (id < 0 || id >= std::numeric_limits<std::int32_t>::max())
      return corrupt(fmt::format("the id {}", id));
    token.id = static_cast<std::int32_t>(id);
    if (token.content.empty()) continue;  // the reference ignores it
    if (token.content.size() > kMaxTokenBytes) return corrupt("a token is longer than 4096 bytes");
    if (!seen.insert(token.content).second) {
      return corrupt(fmt::format("\"{}\" is listed twice", printable(token.content)));
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

AddedTokenMatcher::AddedTokenMatcher() : nodes_(1) {}

void AddedTokenMatcher::add(const AddedToken& token, std::string_view pattern) {
  if (pattern.empty()) return;
  may_start_[static_cast<unsigned char>(pattern[0])] = true;
  std::uint32_t node = 0;
  for (const char c : pattern) {
    const auto byte = static_cast<unsigned char>(c);
    auto& next = nodes_[node].next;
    const auto found = std::ranges::lower_bound(next, byte, {}, [](const auto& edge) { return edge.first; });
    if (found != next.end() && found->first == byte) {
      node = found->second;
      continue;
    }
    const auto created = static_cast<std::uint32_t>(nodes_.size());
    next.insert(found, {byte, created});
    nodes_.emplace_back();
    node = created;
  }
  if (nodes_[node].token < 0) {
    nodes_[node].token = static_cast<std::int32_t>(tokens_.size());
    tokens_.push_back(token);
  }
}

std::int32_t AddedTokenMatcher::longest_at(std::string_view text, std::size_t at, std::size_t& end) const {
  std::int32_t best = -1;
  std::uint32_t node = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto& next = nodes_[node].next;
    const auto found = std::ranges::lower_bound(next, byte, {}, [](const auto& edge) { return edge.first; });
    if (found == next.end() || found->first != byte) break;
    node = found->second;
    if (nodes_[node].token >= 0) {
      best = nodes_[node].token;
      end = i + 1;
    }
  }
  return best;
}

bool AddedTokenMatcher::split(
    std::string_view text, const std::function<bool(std::string_view piece, std::int32_t id)>& piece) const {
  const CharTable& table = CharTable::instance();
  std::size_t done = 0;  // everything before has been given out
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = 0;
    const std::int32_t found =
        may_start_[static_cast<unsigned char>(text[at])] ? longest_at(text, at, end) : -1;
    if (found < 0) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<std::size_t>(found)];
    std::size_t start = at;
    at = end;  // the search goes on behind the match, whatever becomes of it
    if (token.single_word) {
      const bool word_before =
          start > 0 && table.is_word(decode_at(text.data() + previous_start(text, start)).value);
      const bool word_after = end < text.size() && table.is_word(decode_at(text.data() + end).value);
      if (word_before || word_after) continue;
    }
    if (token.lstrip) {
      while (start > done) {
        const std::size_t previous = previous_start(text, start);
        if (table.char_class(decode_at(text.data() + previous).value) != kSpace) break;
        start = previous;
      }
      start = std::max(start, done);
    }
    if (token.rstrip) {
      while (end < text.size()) {
        const CodePoint c = decode_at(text.data() + end);
        if (table.char_class(c.value) != kSpace) break;
        end += c.bytes;
      }
    }
    if (done < start && !piece(text.substr(done, start - done), -1)) return false;
    // A token that itself begins with white space may start inside what the one before swallowed.
    const std::size_t from = std::min(start, end);
    if (!piece(text.substr(from, end - from), token.id)) return false;
    done = end;
  }
  if (done < text.size() && !piece(text.substr(done), -1)) return false;
  return true;
}

}  // namespace quantier::tokenizer_detail
