#include "quantier/checkpoint/adapter/adapter_keys.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

constexpr std::array kPrefixes = {"base_model.model.", "base_model.", ""};

std::vector<std::string_view> split(std::string_view name) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', begin)) {
    parts.push_back(name.substr(begin, dot - begin));
    begin = dot + 1;
  }
  parts.push_back(name.substr(begin));
  return parts;
}

std::string join(std::span<const std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) {
    if (!out.empty()) out += '.';
    out += part;
  }
  return out;
}

// Reads the keys of one file; remembers the adapter's name, of which there may be one.
class KeyReader {
 public:
  explicit KeyReader(std::string_view file) : file_(file) {}

  Result<AdapterKey> read(std::string_view full_name, std::string_view name) {
    full_name_ = full_name;
    const std::vector<std::string_view> parts = split(name);
    const std::span<const std::string_view> all(parts);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string_view part = parts[i];
      const std::string module = join(all.first(i));
      const auto rest = all.subspan(i + 1);
      if (part == "lora_A") return matrix(AdapterPart::kA, module, rest);
      if (part == "lora_B") return matrix(AdapterPart::kB, module, rest);
      if (part == "lora_embedding_A") return parameter(AdapterPart::kEmbeddingA, module, rest);
      if (part == "lora_embedding_B") return parameter(AdapterPart::kEmbeddingB, module, rest);
      if (part == "lora_magnitude_vector") return unsupported("DoRA's magnitudes are not supported");
      if (part.starts_with("lora_")) {
        return unsupported(fmt::format("tensors called {} are not supported", printable(part, 40)));
      }
      if (part == "token_adapter") {
        if (rest.empty() || rest[0] != "trainable_tokens_delta") return unknown();
        return parameter(AdapterPart::kTrainedTokens, module, rest.subspan(1));
      }
      if (part == "base_layer") return whole(AdapterPart::kWhole, module, rest);
      if (part == "original_module") return whole(AdapterPart::kUntouched, module, rest);
      if (part == "modules_to_save") {
        auto inner = rest;
        if (inner.size() > 1) {
          QT_TRY_STATUS(is_adapter(inner[0]));
          inner = inner.subspan(1);
        }
        QT_TRY(AdapterKey key, whole(AdapterPart::kWhole, module, inner));
        key.is_second_copy = true;
        return key;
      }
    }
    return AdapterKey{AdapterPart::kWhole, std::string(name)};
  }

 private:
  [[nodiscard]] std::string where() const { return fmt::format("{}, tensor {}", file_, full_name_); }
  [[nodiscard]] std::unexpected<Error> unknown() const {
    return fail(ErrorKind::kCorruptData, "a tensor of the adapter has an unknown name", where(),
                "peft writes no such tensor for LoRA");
  }
  [[nodiscard]] std::unexpected<Error> unsupported(std::string what) const {
    return fail(ErrorKind::kUnsupported, std::move(what), where(), "plain LoRA has no such tensor",
                "merge it in Python with peft (merge_and_unload) and open the merged model");
  }
  Status is_adapter(std::string_view name) {
    if (!adapter_) adapter_ = name;
    if (*adapter_ == name) return {};
    return fail(ErrorKind::kUnsupported, "there is more than one adapter in the file", where(),
                fmt::format("\"{}\" and \"{}\"", printable(*adapter_, 40), printable(name, 40)),
                "save the one that is wanted by itself");
  }

  // .weight, or .NAME.weight
  Result<AdapterKey> matrix(AdapterPart part, std::string module, std::span<const std::string_view> rest) {
    if (rest.size() == 2) {
      QT_TRY_STATUS(is_adapter(rest[0]));
      rest = rest.subspan(1);
    }
    if (rest.size() == 1 && rest[0] == "bias")
      return unsupported("a bias of the LoRA matrices is not supported");
    if (rest.size() != 1 || rest[0] != "weight" || module.empty()) return unknown();
    return AdapterKey{part, std::move(module)};
  }
  // nothing, or .NAME
  Result<AdapterKey> parameter(AdapterPart part, std::string module, std::span<const std::string_view> rest) {
    if (rest.size() == 1) QT_TRY_STATUS(is_adapter(rest[0]));
    if (rest.size() > 1 || module.empty()) return unknown();
    return AdapterKey{part, std::move(module)};
  }
  Result<AdapterKey> whole(AdapterPart part, const std::string& module,
                           std::span<const std::string_view> rest) {
    if (rest.empty() || module.empty()) return unknown();
    return AdapterKey{part, module + "." + join(rest)};
  }

  std::string_view file_;
  std::string_view full_name_;
  std::optional<std::string> adapter_;
};

}  // namespace

Result<std::vector<AdapterKey>> parse_adapter_keys(const std::vector<std::string>& names,
                                                   std::string_view file) {
  // The longest prefix that all have: one file has one.
  const auto prefix = std::ranges::find_if(kPrefixes, [&](std::string_view candidate) {
    return std::ranges::all_of(names, [&](std::string_view name) { return name.starts_with(candidate); });
  });
  KeyReader reader(file);
  std::vector<AdapterKey> keys;
  for (const std::string_view name : names) {
    QT_TRY(AdapterKey key, reader.read(name, name.substr(std::string_view(*prefix).size())));
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace quantier
