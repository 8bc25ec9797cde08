#include "quantier/tokenizer/tokenizer.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/base/utf8.h"
#include "quantier/tokenizer/tokenizer_parts.h"
#include "quantier/tokenizer/unicode.h"

namespace quantier {

using namespace tokenizer_detail;  // NOLINT(google-build-using-namespace): this file is their front

struct Tokenizer::State {
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  BpeModel model;
  PostProcessor post_processor;
  AddedTokenMatcher raw_tokens;         // looked for in the text as it came
  AddedTokenMatcher normalized_tokens;  // looked for in normalized text
  std::optional<std::size_t> max_length;
  std::size_t vocabulary_size = 0;
  std::string source;
};

namespace {

// Largest text: positions inside a word are 32-bit.
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;

// Runs the pieces of one text through the pipeline until enough tokens are there.
class Encoder {
 public:
  Encoder(const Normalizer& normalizer, const PreTokenizer& pre_tokenizer, const BpeModel& model,
          std::size_t limit, std::vector<std::int32_t>& ids)
      : normalizer_(normalizer),
        pre_tokenizer_(pre_tokenizer),
        model_(model),
        limit_(limit),
        start_(ids.size()),
        ids_(ids) {}

  // False: no more text is needed, or an error happened (see error()).
  bool text(std::string_view raw, const AddedTokenMatcher& tokens) {
    std::string_view normal = raw;
    if (normalizer_.nfc) {
      normalized_.clear();
      if (normalize_nfc(raw, normalized_)) normal = normalized_;
    }
    if (tokens.empty()) return words(normal);
    return tokens.split(normal, [this](std::string_view piece, std::int32_t id) {
      return id >= 0 ? token(id) : words(piece);
    });
  }
  bool token(std::int32_t id) {
    ids_.push_back(id);
    return !full();
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  [[nodiscard]] bool full() const { return ids_.size() - start_ > limit_; }

  bool words(std::string_view piece) { return stage(0, piece); }

  bool stage(std::size_t depth, std::string_view piece) {
    if (piece.empty()) return true;
    if (depth == pre_tokenizer_.splits.size()) {
      model_.append_ids(piece, ids_);
      return !full();
    }
    const auto& split = pre_tokenizer_.splits[depth];
    std::string with_space;
    if (split.add_prefix_space && piece[0] != ' ') {
      with_space.reserve(piece.size() + 1);
      with_space.append(" ").append(piece);
      piece = with_space;
    }
    if (!split.splitter) return stage(depth + 1, piece);
    Splitter::Scratch scratch;
    for (std::size_t at = 0; at < piece.size();) {
      auto end = split.splitter->word_end(piece, at, scratch);
      if (!end) {
        error_ = std::move(end).error();
        return false;
      }
      if (!stage(depth + 1, piece.substr(at, *end - at))) return false;
      at = *end;
    }
    return true;
  }

  const Normalizer& normalizer_;
  const PreTokenizer& pre_tokenizer_;
  const BpeModel& model_;
  std::size_t limit_;
  std::size_t start_;
  std::vector<std::int32_t>& ids_;
  std::string normalized_;
  std::optional<Error> error_;
};

// An added token's id is what the reference gives it: from the vocabulary, else the next free one. The id
// that the file names is not read there either.
void assign_ids(std::vector<AddedToken>& tokens, const TokenizerFile& file, const BpeModel& model) {
  std::unordered_map<std::string_view, std::int32_t> known;
  known.reserve(file.vocabulary.size());
  for (const auto& [token, id] : file.vocabulary) known.emplace(token, id);
  const auto entries = static_cast<std::int32_t>(model.vocabulary_entries());
  std::int32_t largest_added = -1;
  for (AddedToken& token : tokens) {
    const auto found = known.find(token.content);
    const std::int32_t next = largest_added >= entries ? largest_added + 1 : entries;
    token.id = found != known.end() ? found->second : next;
    largest_added = std::max(largest_added, token.id);
  }
}

}  // namespace

Tokenizer::Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::load(const std::filesystem::path& directory) {
  const auto path = directory / "tokenizer.json";
  QT_TRY(const MappedFile file, MappedFile::open(path));
  return parse(file.text(), path.string());
}

Result<Tokenizer> Tokenizer::parse(std::string_view tokenizer_json, std::string_view source) {
  QT_TRY(const TokenizerFile file, read_tokenizer_file(tokenizer_json, source));
  auto state = std::make_unique<State>();
  state->source = std::string(source);
  QT_TRY(state->model, BpeModel::from_file(file, source));
  QT_TRY(state->normalizer, read_normalizer(file.root, source));
  QT_TRY(state->pre_tokenizer, read_pre_tokenizer(file.root, source));
  QT_TRY(state->post_processor, read_post_processor(file.root, source));
  QT_TRY(state->max_length, read_truncation(file.root, source));
  QT_TRY(auto added, read_added_tokens(file.root, source));
  assign_ids(added, file, state->model);

  std::int32_t largest = state->model.largest_id();
  for (const bool special : {true, false}) {
    for (const AddedToken& token : added) {
      if (token.special != special) continue;
      largest = std::max(largest, token.id);
      std::string normal;
      if (!token.normalized) {
        state->raw_tokens.add(token, token.content);
      } else if (state->normalizer.nfc && normalize_nfc(token.content, normal)) {
        state->normalized_tokens.add(token, normal);
      } else {
        state->normalized_tokens.add(token, token.content);
      }
    }
  }
  for (const auto* ids : {&state->post_processor.before, &state->post_processor.after}) {
    for (const std::int32_t id : *ids) largest = std::max(largest, id);
  }
  state->vocabulary_size = static_cast<std::size_t>(largest + 1);
  Tokenizer tokenizer;
  tokenizer.state_ = std::move(state);
  return tokenizer;
}

Result<Encoding> Tokenizer::encode(std::string_view text, std::optional<std::size_t> max_length) const {
  const State& state = *state_;
  if (text.size() > kMaxTextBytes) {
    return fail(ErrorKind::kUserInput, "a text is too long to be tokenized", "",
                fmt::format("{} bytes, at most {}", text.size(), kMaxTextBytes));
  }
  if (const auto bad = find_invalid_utf8(text)) {
    return fail(ErrorKind::kUserInput, "a text is not UTF-8", fmt::format("byte {} of the text", *bad),
                "the bytes there are no character", "convert the data to UTF-8");
  }
  const PostProcessor& post = state.post_processor;
  const std::size_t special = post.before.size() + post.after.size();
  const std::optional<std::size_t> total = max_length ? max_length : state.max_length;
  if (total && *total < special) {
    return fail(ErrorKind::kUsage, "the maximum length leaves no room for the special tokens", state.source,
                fmt::format("{} tokens at most, {} of them special", *total, special),
                fmt::format("ask for a maximum length of at least {}", special + 1));
  }
  const std::size_t limit = total ? *total - special : std::numeric_limits<std::size_t>::max();

  Encoding encoding;
  encoding.ids = post.before;
  Encoder encoder(state.normalizer, state.pre_tokenizer, state.model, limit, encoding.ids);
  if (state.raw_tokens.empty()) {
    if (!text.empty()) (void)encoder.text(text, state.normalized_tokens);
  } else {
    (void)state.raw_tokens.split(text, [&](std::string_view piece, std::int32_t id) {
      return id >= 0 ? encoder.token(id) : encoder.text(piece, state.normalized_tokens);
    });
  }
  if (encoder.error()) return std::unexpected(*encoder.error());
  const std::size_t made = encoding.ids.size() - post.before.size();
  if (made > limit) {
    encoding.truncated = true;
    encoding.ids.resize(post.before.size() + limit);
  }
  encoding.ids.insert(encoding.ids.end(), post.after.begin(), post.after.end());
  return encoding;
}

std::size_t Tokenizer::vocabulary_size() const { return state_->vocabulary_size; }
std::optional<std::size_t> Tokenizer::file_max_length() const { return state_->max_length; }

}  // namespace quantier
