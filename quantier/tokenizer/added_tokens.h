// Tokens that are cut out of the text before anything else: special ones and those added after training.
//
// The reference looks for the tokens with normalized = false in the text as it came, and for the others in
// what the normalizer made of the pieces between them; of the tokens that start at one place the longest
// wins.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"

namespace quantier::tokenizer_detail {

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool normalized = false;
  bool special = false;
};

[[nodiscard]] Result<std::vector<AddedToken>> read_added_tokens(const Json& root, std::string_view source);

// Finds the tokens in a text: a trie over bytes.
class AddedTokenMatcher {
 public:
  AddedTokenMatcher();
  // `pattern` is the token's content, normalized where the token says so. The first of equal patterns holds.
  void add(const AddedToken& token, std::string_view pattern);
  [[nodiscard]] bool empty() const { return tokens_.empty(); }

  // Calls `piece(text, id)` in order: id >= 0 for a token, -1 for text between tokens (never empty). Stops
  // when `piece` returns false, and returns false then.
  [[nodiscard]] bool split(std::string_view text,
                           const std::function<bool(std::string_view piece, std::int32_t id)>& piece) const;

 private:
  struct Node {
    std::int32_t token = -1;                                    // index into tokens_
    std::vector<std::pair<unsigned char, std::uint32_t>> next;  // sorted by byte
  };
  // The longest pattern that starts at `at`: index into tokens_ or -1, and its end.
  [[nodiscard]] std::int32_t longest_at(std::string_view text, std::size_t at, std::size_t& end) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_;
  bool may_start_[256] = {};
};

}  // namespace quantier::tokenizer_detail
