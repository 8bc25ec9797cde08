#include "quantier/checkpoint/gguf/gguf_tokenizer.h"

#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/json.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace {

constexpr const char* kTokensKey = "tokenizer.ggml.tokens";

Result<std::vector<std::string_view>> tokens_of(const GgufValue& list, std::uint64_t vocabulary,
                                                std::string_view source) {
  if (list.type != GgufType::kArray || list.element != GgufType::kString || list.count != vocabulary) {
    return fail(ErrorKind::kCorruptData, fmt::format("{} cannot be used", kTokensKey),
                fmt::format("{}, metadata", source),
                fmt::format("{} strings are expected, one for each row of token_embd", vocabulary));
  }
  std::vector<std::string_view> tokens;
  tokens.reserve(static_cast<std::size_t>(list.count));
  list.for_each([&](const GgufValue& token) {
    tokens.push_back(*token.as_string());
    return true;
  });
  return tokens;
}

std::set<std::int64_t> added_ids(const Json& tokenizer) {
  std::set<std::int64_t> ids;
  const auto added = tokenizer.find("added_tokens");
  if (added == tokenizer.end() || !added->is_array()) return ids;
  for (const Json& token : *added) {
    const auto id = token.find("id");
    if (id != token.end() && id->is_number_integer()) ids.insert(id->get<std::int64_t>());
  }
  return ids;
}

}  // namespace

Status check_gguf_tokenizer(const GgufHeader& header, std::uint64_t vocabulary,
                            const std::filesystem::path& tokenizer_json, std::string_view source) {
  const GgufValue* list = header.find(kTokensKey);
  std::error_code ignored;
  if (list == nullptr || !std::filesystem::exists(tokenizer_json, ignored)) return {};
  QT_TRY(const std::vector<std::string_view> tokens, tokens_of(*list, vocabulary, source));
  QT_TRY(const Json tokenizer, read_json_file(tokenizer_json.string()));
  // What is not a vocabulary with ids is named by whoever reads it as a tokenizer.
  const Json::json_pointer vocab("/model/vocab");
  if (!tokenizer.is_object() || !tokenizer.contains(vocab) || !tokenizer[vocab].is_object()) return {};
  const std::set<std::int64_t> added = added_ids(tokenizer);
  for (const auto& [token, value] : tokenizer[vocab].items()) {
    if (!value.is_number_integer()) return {};
    const auto id = value.get<std::int64_t>();
    if (added.contains(id)) continue;
    const bool in_file = id >= 0 && static_cast<std::uint64_t>(id) < tokens.size();
    if (in_file && tokens[static_cast<std::size_t>(id)] == token) continue;
    return fail(ErrorKind::kUserInput, "the tokenizer beside the GGUF file is another model's",
                tokenizer_json.string(),
                fmt::format("the token \"{}\" has the id {}, which {} gives to {}", printable(token), id,
                            std::filesystem::path(source).filename().string(),
                            in_file ? fmt::format("\"{}\"", printable(tokens[static_cast<std::size_t>(id)]))
                                    : "none"),
                "put the file into a folder of its own, with the tokenizer.json of its model");
  }
  return {};
}

}  // namespace quantier
