#include "quantier/pipeline/gguf_vocabulary.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/base/utf8.h"
#include "quantier/tokenizer/tokenizer_file.h"

namespace quantier {
namespace {

using tokenizer_detail::TokenizerFile;

// Numbers of tokenizer.ggml.token_type.
enum TokenType : std::int32_t { kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5 };

// What tokenizer.ggml.pre = "qwen2" stands for.
constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

class Vocabulary {
 public:
  Vocabulary(const TokenizerFile& file, std::string_view source, std::uint64_t size)
      : file_(file), source_(source), tokens_(size), types_(size, kUnused) {}

  Status read() {
    QT_TRY_STATUS(check_components());
    for (const tokenizer_detail::VocabularyEntry& entry : file_.vocabulary) {
      QT_TRY_STATUS(place(entry.id, entry.token, kNormal));
    }
    for (const Json& added : member(file_.root, "added_tokens")) {
      QT_TRY(const std::int64_t id, json_get<std::int64_t>(added, "id", source_));
      QT_TRY(const std::string content, json_get<std::string>(added, "content", source_));
      QT_TRY(const auto is_special, json_find<bool>(added, "special", source_));
      QT_TRY_STATUS(place(id, content, is_special.value_or(false) ? kControl : kUserDefined));
    }
    for (std::size_t id = 0; id < tokens_.size(); ++id) {
      if (types_[id] == kUnused) tokens_[id] = fmt::format("[PAD{}]", id);
    }
    return read_merges();
  }

  void add_to(GgufMetadata& metadata) const {
    metadata.add("tokenizer.ggml.model", "gpt2");
    metadata.add("tokenizer.ggml.pre", "qwen2");
    metadata.add("tokenizer.ggml.tokens", tokens_);
    metadata.add("tokenizer.ggml.token_type", types_);
    metadata.add("tokenizer.ggml.merges", merges_);
  }

 private:
  static const Json& member(const Json& object, const char* key) {
    static const Json kNothing;
    if (!object.is_object()) return kNothing;
    const auto found = object.find(key);
    return found == object.end() ? kNothing : *found;
  }
  [[nodiscard]] std::unexpected<Error> inexpressible(std::string what, std::string why) const {
    return fail(ErrorKind::kUnsupported, std::move(what), std::string(source_), std::move(why),
                "GGUF's metadata cannot say it without loss");
  }

  [[nodiscard]] Status check_components() const {
    if (member(member(file_.root, "model"), "type") != "BPE") {
      return inexpressible("this tokenizer cannot be written to GGUF", "its model is not BPE");
    }
    const Json& splitter = member(file_.root, "pre_tokenizer");
    const Json& parts = member(splitter, "pretokenizers");
    const bool is_qwen2 = member(splitter, "type") == "Sequence" && parts.is_array() && parts.size() == 2 &&
                          member(parts[0], "type") == "Split" &&
                          member(member(parts[0], "pattern"), "Regex") == kQwen2Pattern &&
                          member(parts[0], "behavior") == "Isolated" &&
                          member(parts[1], "type") == "ByteLevel" &&
                          member(parts[1], "add_prefix_space") != true;
    if (!is_qwen2) {
      return inexpressible(
          "this tokenizer cannot be written to GGUF",
          "its \"pre_tokenizer\" is not that of Qwen2, the only one that is known by a name");
    }
    for (const Json& piece : member(member(file_.root, "post_processor"), "single")) {
      if (!piece.is_object() || !piece.contains("SpecialToken")) continue;
      return inexpressible("this tokenizer cannot be written to GGUF",
                           "its \"post_processor\" puts special tokens around a text");
    }
    return {};
  }

  Status place(std::int64_t id, const std::string& token, TokenType type) {
    if (id < 0 || static_cast<std::uint64_t>(id) >= tokens_.size()) {
      return fail(ErrorKind::kUserInput, "the tokenizer and the model do not fit together",
                  std::string(source_),
                  fmt::format("the token \"{}\" has the id {}, the embedding has {} rows", printable(token),
                              id, tokens_.size()),
                  "take both files from the same fine-tuned model");
    }
    const auto at = static_cast<std::size_t>(id);
    if (types_[at] != kUnused && tokens_[at] != token) {
      return fail(
          ErrorKind::kCorruptData, "two tokens have the same id", std::string(source_),
          fmt::format("\"{}\" and \"{}\" have the id {}", printable(tokens_[at]), printable(token), id));
    }
    tokens_[at] = token;
    types_[at] = type;
    return {};
  }

  // Pairs are written with a space between: byte-level tokens hold none.
  Status read_merges() {
    const Json& merges = member(member(file_.root, "model"), "merges");
    for (const Json& merge : merges) {
      if (merge.is_string()) {
        merges_.push_back(merge.get<std::string>());
        continue;
      }
      if (!merge.is_array() || merge.size() != 2 || !merge[0].is_string() || !merge[1].is_string()) {
        return fail(ErrorKind::kCorruptData, "\"merges\" cannot be used", std::string(source_),
                    "one of them is not a pair of tokens");
      }
      merges_.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
    }
    return {};
  }

  const TokenizerFile& file_;
  std::string_view source_;
  std::vector<std::string> tokens_;
  std::vector<std::int32_t> types_;
  std::vector<std::string> merges_;
};

}  // namespace

Status add_gguf_vocabulary(const std::filesystem::path& tokenizer_json, std::uint64_t vocabulary,
                           const SpecialTokenIds& special, GgufMetadata& metadata) {
  const std::string source = tokenizer_json.string();
  QT_TRY(const MappedFile file, MappedFile::open(tokenizer_json));
  QT_TRY(const TokenizerFile tokenizer, tokenizer_detail::read_tokenizer_file(file.text(), source));
  Vocabulary words(tokenizer, source, vocabulary);
  QT_TRY_STATUS(words.read());
  words.add_to(metadata);
  const std::pair<const char*, std::optional<std::int64_t>> kIds[] = {
      {"tokenizer.ggml.bos_token_id", special.begin},
      {"tokenizer.ggml.eos_token_id", special.end},
      {"tokenizer.ggml.padding_token_id", special.padding}};
  for (const auto& [key, id] : kIds) {
    if (id && *id >= 0 && static_cast<std::uint64_t>(*id) < vocabulary) {
      metadata.add(key, static_cast<std::uint32_t>(*id));
    }
  }
  metadata.add("tokenizer.ggml.add_bos_token", false);
  return {};
}

}  // namespace quantier
