#include "quantier/tokenizer/tokenizer_file.h"

#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier::tokenizer_detail {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::uint64_t kLargestId = 1u << 30;  // leaves room for the ids of added tokens

// Builds the tree from the parser's events, and leaves model.vocab out of it.
class Reader : public nlohmann::json_sax<Json> {
 public:
  explicit Reader(TokenizerFile& file) : file_(file) {}

  [[nodiscard]] const std::string& refusal() const { return refusal_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override {
    if (in_vocabulary_) return refuse("an id in model.vocab is negative");
    return add(value);
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (!in_vocabulary_) return add(value);
    if (value > kLargestId) {
      return refuse(fmt::format("the id {} in model.vocab is too large", value));
    }
    file_.vocabulary.push_back({std::move(key_), static_cast<std::int32_t>(value)});
    return true;
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return refuse("binary data"); }

  bool start_object(std::size_t /*size*/) override {
    if (in_vocabulary_) return refuse("model.vocab holds an object where an id is expected");
    if (open_.size() == 2 && key_ == "vocab" && model_open_) {
      if (!add(nullptr)) return false;
      in_vocabulary_ = true;
      file_.has_vocabulary = true;
      keys_.emplace_back();
      return true;
    }
    const bool is_model = open_.size() == 1 && key_ == "model";
    if (!open(Json::object())) return false;
    if (is_model) model_open_ = true;
    keys_.emplace_back();
    return true;
  }
  bool key(string_t& value) override {
    if (!keys_.back().insert(value).second) {
      return refuse(fmt::format("the key \"{}\" appears twice in one object", printable(value)));
    }
    key_ = std::move(value);
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    if (in_vocabulary_) {
      in_vocabulary_ = false;
      return true;
    }
    open_.pop_back();
    if (open_.size() == 1) model_open_ = false;
    return true;
  }
  bool start_array(std::size_t /*size*/) override {
    if (in_vocabulary_) return refuse("model.vocab holds a list where an id is expected");
    return open(Json::array());
  }
  bool end_array() override {
    open_.pop_back();
    if (open_.size() == 1) model_open_ = false;
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) override {
    std::string why = error.what();
    if (const auto colon = why.rfind(": "); colon != std::string::npos) why = why.substr(colon + 2);
    return refuse(fmt::format("byte {}: {}", position, printable(why)));
  }

 private:
  bool refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }

  template <class T>
  bool add(T&& value) {
    if (in_vocabulary_) return refuse("model.vocab holds a value that is not an id");
    return place(Json(std::forward<T>(value))) != nullptr;
  }
  // The place of a new value in the tree: pointers stay valid because only the innermost container grows.
  Json* place(Json value) {
    if (open_.empty()) {
      file_.root = std::move(value);
      return &file_.root;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    Json& member = parent[key_];
    member = std::move(value);
    return &member;
  }
  bool open(Json container) {
    if (open_.size() >= kMaxDepth) return refuse(fmt::format("nested deeper than {} levels", kMaxDepth));
    open_.push_back(place(std::move(container)));
    return true;
  }

  TokenizerFile& file_;
  std::string refusal_;
  std::vector<Json*> open_;
  std::vector<std::unordered_set<std::string>> keys_;  // of each object that is open
  std::string key_;
  bool model_open_ = false;
  bool in_vocabulary_ = false;
};

}  // namespace

Result<TokenizerFile> read_tokenizer_file(std::string_view text, std::string_view source) {
  TokenizerFile file;
  Reader reader(file);
  const char* hint = "copy tokenizer.json again from where the model comes from";
  if (!Json::sax_parse(text.begin(), text.end(), &reader)) {
    return fail(ErrorKind::kCorruptData, "the tokenizer's JSON is refused", std::string(source),
                reader.refusal(), hint);
  }
  if (!file.root.is_object()) {
    return fail(ErrorKind::kCorruptData, "the tokenizer's JSON is refused", std::string(source),
                "the file holds no JSON object", hint);
  }
  return file;
}

}  // namespace quantier::tokenizer_detail
