// Cutting text into the words that BPE works on.
//
// The regular expressions of GPT-2 and of Qwen2 are written out by hand: one pass, linear time, the
// reference's own character classes. Any other one made of known parts runs in PCRE2, brought to the
// reference's white space, letters and numbers; parts in which the reference's engine (Oniguruma) and PCRE2
// may differ are refused. A cut is "isolated": matches and the text between them both become words.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier::tokenizer_detail {

inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

class Splitter {
 public:
  // `force_pcre2`: for the tests, which compare the two ways.
  [[nodiscard]] static Result<Splitter> for_pattern(std::string_view pattern, std::string_view source,
                                                    bool force_pcre2 = false);
  Splitter(Splitter&&) noexcept;
  Splitter& operator=(Splitter&&) noexcept;
  ~Splitter();

  // End of the word that starts at `start` < text.size(), or an error when PCRE2 gives up (a limit).
  // `scratch` carries PCRE2's state from word to word of one text.
  class Scratch;
  [[nodiscard]] Result<std::size_t> word_end(std::string_view text, std::size_t start,
                                             Scratch& scratch) const;

  class Scratch {
   public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

   private:
    friend class Splitter;
    struct Pcre2;
    std::unique_ptr<Pcre2> pcre2_;  // made at first need
    std::size_t pending_end_ = 0;   // a match found already ends here; its text began at pending_start_
    std::size_t pending_start_ = 0;
    bool has_pending_ = false;
  };

 private:
  Splitter();
  enum class Kind { kGpt2, kQwen2, kPcre2 };
  struct Code;
  Kind kind_ = Kind::kGpt2;
  std::unique_ptr<Code> code_;
  std::string source_;
};

}  // namespace quantier::tokenizer_detail
