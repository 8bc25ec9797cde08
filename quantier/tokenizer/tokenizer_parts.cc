#include "quantier/tokenizer/tokenizer_parts.h"

#include <limits>
#include <string>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier::tokenizer_detail {
namespace {

std::unexpected<Error> unsupported(std::string what, std::string_view source, std::string why = {}) {
  return fail(ErrorKind::kUnsupported, std::move(what), std::string(source), std::move(why));
}

std::unexpected<Error> corrupt(std::string what, std::string_view source, std::string why = {}) {
  return fail(ErrorKind::kCorruptData, std::move(what), std::string(source), std::move(why));
}

// root[name], or nullptr when absent or null.
const Json* component(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<const Json*> list_of(const Json& object, const char* name, std::string_view source) {
  const Json* list = component(object, name);
  if (list == nullptr || !list->is_array()) {
    return corrupt(fmt::format("\"{}\" is not a list", name), source);
  }
  return list;
}

Status add_pre_tokenizer(const Json& json, std::string_view source, PreTokenizer& out, bool& mapped) {
  QT_TRY(const auto type, json_get<std::string>(json, "type", source));
  if (mapped) {
    return unsupported("a pre_tokenizer after ByteLevel is not offered", source,
                       fmt::format("\"{}\" would see mapped bytes", printable(type)));
  }
  if (type == "Sequence") {
    QT_TRY(const Json* list, list_of(json, "pretokenizers", source));
    for (const Json& part : *list) QT_TRY_STATUS(add_pre_tokenizer(part, source, out, mapped));
    return {};
  }
  if (type == "ByteLevel") {
    PreTokenizer::Split split;
    QT_TRY(split.add_prefix_space, json_get<bool>(json, "add_prefix_space", source));
    QT_TRY(const auto use_regex, json_find<bool>(json, "use_regex", source));
    if (use_regex.value_or(true)) {
      QT_TRY(split.splitter, Splitter::for_pattern(kGpt2Pattern, source));
    }
    mapped = true;
    out.splits.push_back(std::move(split));
    return {};
  }
  if (type == "Split") {
    QT_TRY(const auto behavior, json_get<std::string>(json, "behavior", source));
    if (behavior != "Isolated") {
      return unsupported(fmt::format("the Split behaviour \"{}\" is not offered", printable(behavior)),
                         source);
    }
    QT_TRY(const auto invert, json_find<bool>(json, "invert", source));
    if (invert.value_or(false)) return unsupported("an inverted Split is not offered", source);
    const Json* pattern = component(json, "pattern");
    if (pattern == nullptr || !pattern->is_object() || !pattern->contains("Regex")) {
      return unsupported("a Split whose pattern is no Regex is not offered", source);
    }
    QT_TRY(const auto regex, json_get<std::string>(*pattern, "Regex", source));
    PreTokenizer::Split split;
    QT_TRY(split.splitter, Splitter::for_pattern(regex, source));
    out.splits.push_back(std::move(split));
    return {};
  }
  return unsupported(fmt::format("pre_tokenizer \"{}\" is not offered", printable(type)), source);
}

// The ids of one special token of a template.
Status append_special(const Json& processor, const Json& piece, std::string_view source,
                      std::vector<std::int32_t>& out) {
  const auto malformed = [&](std::string why) {
    return corrupt("the tokenizer's template is malformed", source, std::move(why));
  };
  QT_TRY(const auto name, json_get<std::string>(piece, "id", source));
  const Json* specials = component(processor, "special_tokens");
  if (specials == nullptr || !specials->is_object() || !specials->contains(name)) {
    return malformed(fmt::format("\"{}\" is not among its special_tokens", printable(name)));
  }
  const Json& special = (*specials)[name];
  if (!special.is_object()) return malformed("a special token is not an object");
  QT_TRY(const Json* ids, list_of(special, "ids", source));
  for (const Json& id : *ids) {
    if (!id.is_number_unsigned() ||
        id.get<std::uint64_t>() >= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
      return malformed(fmt::format("an id of \"{}\" is not a token's", printable(name)));
    }
    out.push_back(id.get<std::int32_t>());
  }
  return {};
}

Status add_post_processor(const Json& json, std::string_view source, PostProcessor& out, bool& has_template) {
  QT_TRY(const auto type, json_get<std::string>(json, "type", source));
  if (type == "ByteLevel") return {};
  if (type == "Sequence") {
    QT_TRY(const Json* list, list_of(json, "processors", source));
    for (const Json& part : *list) QT_TRY_STATUS(add_post_processor(part, source, out, has_template));
    return {};
  }
  if (type != "TemplateProcessing") {
    return unsupported(fmt::format("post_processor \"{}\" is not offered", printable(type)), source);
  }
  if (has_template) return unsupported("two TemplateProcessing post_processors are not offered", source);
  has_template = true;
  QT_TRY(const Json* pieces, list_of(json, "single", source));
  bool text_seen = false;
  for (const Json& piece : *pieces) {
    if (!piece.is_object()) return corrupt("the tokenizer's template is malformed", source, "in \"single\"");
    if (const Json* sequence = component(piece, "Sequence")) {
      if (text_seen) return unsupported("a template that repeats the text is not offered", source);
      QT_TRY(const auto id, json_get<std::string>(*sequence, "id", source));
      if (id != "A") return unsupported("a template for one text that names a second is not offered", source);
      text_seen = true;
    } else if (const Json* special = component(piece, "SpecialToken")) {
      QT_TRY_STATUS(append_special(json, *special, source, text_seen ? out.after : out.before));
    } else {
      return corrupt("the tokenizer's template is malformed", source,
                     "a piece is neither Sequence nor SpecialToken");
    }
  }
  if (!text_seen) return unsupported("a template without the text is not offered", source);
  return {};
}

Status add_normalizer(const Json& json, std::string_view source, Normalizer& out) {
  QT_TRY(const auto type, json_get<std::string>(json, "type", source));
  if (type == "NFC") {
    out.nfc = true;
    return {};
  }
  if (type == "Sequence") {
    QT_TRY(const Json* list, list_of(json, "normalizers", source));
    for (const Json& part : *list) QT_TRY_STATUS(add_normalizer(part, source, out));
    return {};
  }
  return unsupported(fmt::format("normalizer \"{}\" is not offered", printable(type)), source);
}

}  // namespace

Result<Normalizer> read_normalizer(const Json& root, std::string_view source) {
  Normalizer out;
  if (const Json* json = component(root, "normalizer")) QT_TRY_STATUS(add_normalizer(*json, source, out));
  return out;
}

Result<PreTokenizer> read_pre_tokenizer(const Json& root, std::string_view source) {
  PreTokenizer out;
  bool mapped = false;
  if (const Json* json = component(root, "pre_tokenizer")) {
    QT_TRY_STATUS(add_pre_tokenizer(*json, source, out, mapped));
  }
  if (!mapped) return unsupported("a tokenizer without the ByteLevel pre_tokenizer is not offered", source);
  return out;
}

Result<PostProcessor> read_post_processor(const Json& root, std::string_view source) {
  PostProcessor out;
  bool has_template = false;
  if (const Json* json = component(root, "post_processor")) {
    QT_TRY_STATUS(add_post_processor(*json, source, out, has_template));
  }
  return out;
}

Result<std::optional<std::size_t>> read_truncation(const Json& root, std::string_view source) {
  const Json* json = component(root, "truncation");
  if (json == nullptr) return std::optional<std::size_t>{};
  QT_TRY(const auto length, json_get<std::int64_t>(*json, "max_length", source));
  QT_TRY(const auto direction, json_find<std::string>(*json, "direction", source));
  if (direction && *direction != "Right") {
    return unsupported(fmt::format("truncation direction \"{}\" is not offered", printable(*direction)),
                       source);
  }
  QT_TRY(const auto strategy, json_find<std::string>(*json, "strategy", source));
  if (strategy && *strategy != "LongestFirst" && *strategy != "OnlyFirst") {
    return unsupported(fmt::format("truncation strategy \"{}\" is not offered", printable(*strategy)),
                       source);
  }
  if (length < 0) return corrupt("the tokenizer's truncation is malformed", source, "max_length is negative");
  return std::optional<std::size_t>(static_cast<std::size_t>(length));
}

}  // namespace quantier::tokenizer_detail
