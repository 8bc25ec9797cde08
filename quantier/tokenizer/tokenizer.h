// Text to token ids, identical to the reference library (Hugging Face tokenizers) for the components that are
// known here.
//
// Read from tokenizer.json alone; a component that is not known is refused by name rather than approximated.
// Thread-safe after loading: encode() is const and keeps its scratch per thread or on the stack.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

struct Encoding {
  std::vector<std::int32_t> ids;
  bool truncated = false;  // tokens were dropped to fit max_length
};

class Tokenizer {
 public:
  // `directory` holds tokenizer.json (and, when present, tokenizer_config.json).
  [[nodiscard]] static Result<Tokenizer> load(const std::filesystem::path& directory);
  // For tests and fuzzing: the content of a tokenizer.json.
  [[nodiscard]] static Result<Tokenizer> parse(std::string_view tokenizer_json, std::string_view source);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // `max_length` counts special tokens, as the reference does; nullopt uses the file's own truncation, or
  // none. The text must be UTF-8: kUserInput with the byte offset otherwise.
  [[nodiscard]] Result<Encoding> encode(std::string_view text, std::optional<std::size_t> max_length) const;

  [[nodiscard]] std::size_t vocabulary_size() const;  // largest id + 1, added tokens included
  [[nodiscard]] std::optional<std::size_t> file_max_length() const;

 private:
  Tokenizer();
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace quantier
