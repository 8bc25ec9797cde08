#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/checkpoint/hf_config.h"

namespace quantier {
namespace {

constexpr std::int64_t kMaxClasses = 1 << 20;  // keeps a lying num_labels from taking all memory

std::unexpected<Error> bad_labels(std::string_view source, std::string why) {
  return fail(ErrorKind::kUserInput, "the classes cannot be told from the config", std::string(source),
              std::move(why),
              "make num_labels, id2label and label2id say the same; ids run from 0 without holes");
}

using NamesById = std::map<std::int64_t, std::string>;

Result<const Json*> find_object(const Json& json, const char* key, std::string_view source) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return nullptr;
  if (!found->is_object()) {
    return bad_labels(source, fmt::format("\"{}\" is {}, not an object", key, found->type_name()));
  }
  return &*found;
}

Result<std::optional<NamesById>> read_id2label(const Json& json, std::string_view source) {
  QT_TRY(const Json* object, find_object(json, "id2label", source));
  if (object == nullptr) return std::nullopt;
  NamesById names;
  for (const auto& [key, value] : object->items()) {
    std::int64_t id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    // to_string refuses "+1", "01" and "-0": one spelling for one id.
    if (error != std::errc() || end != key.data() + key.size() || std::to_string(id) != key) {
      return bad_labels(source, fmt::format("id2label: \"{}\" is not a class id", key));
    }
    if (!value.is_string()) {
      return bad_labels(source, fmt::format("id2label: the name of class {} is not a string", key));
    }
    names.emplace(id, value.get<std::string>());
  }
  return names;
}

Result<std::optional<NamesById>> read_label2id(const Json& json, std::string_view source) {
  QT_TRY(const Json* object, find_object(json, "label2id", source));
  if (object == nullptr) return std::nullopt;
  NamesById names;
  for (const auto& [name, value] : object->items()) {
    if (!value.is_number_integer()) {
      return bad_labels(source, fmt::format("label2id: the id of \"{}\" is not a whole number", name));
    }
    const auto id = value.get<std::int64_t>();
    if (const auto [at, inserted] = names.emplace(id, name); !inserted) {
      return bad_labels(source,
                        fmt::format("label2id: \"{}\" and \"{}\" share the id {}", at->second, name, id));
    }
  }
  return names;
}

}  // namespace

Result<std::vector<std::string>> parse_label_names(const Json& json, std::string_view source) {
  QT_TRY(const std::optional<std::int64_t> count, json_find<std::int64_t>(json, "num_labels", source));
  QT_TRY(const std::optional<NamesById> id2label, read_id2label(json, source));
  QT_TRY(const std::optional<NamesById> label2id, read_label2id(json, source));
  if (!count && !id2label && !label2id) {
    return fail(ErrorKind::kUserInput, "the config does not name the classes", std::string(source),
                "num_labels, id2label and label2id are all absent",
                "add id2label; transformers leaves it out when a model has its two default classes, LABEL_0 "
                "and LABEL_1");
  }
  if (id2label && label2id && *id2label != *label2id) {
    for (const auto& [id, name] : *id2label) {
      const auto other = label2id->find(id);
      if (other == label2id->end() || other->second != name) {
        return bad_labels(
            source, fmt::format("id2label calls class {} \"{}\", label2id {}", id, name,
                                other == label2id->end() ? "does not know that id"
                                                         : fmt::format("calls it \"{}\"", other->second)));
      }
    }
    return bad_labels(
        source, fmt::format("label2id has {} classes, id2label {}", label2id->size(), id2label->size()));
  }
  const std::optional<NamesById>& named = id2label ? id2label : label2id;
  const std::int64_t classes = count ? *count : static_cast<std::int64_t>(named->size());
  if (named && static_cast<std::int64_t>(named->size()) != classes) {
    return bad_labels(source, fmt::format("num_labels is {}, {} has {} classes", classes,
                                          id2label ? "id2label" : "label2id", named->size()));
  }
  if (classes < 1 || classes > kMaxClasses) {
    return bad_labels(source, fmt::format("{} classes; from 1 to {} can be used", classes, kMaxClasses));
  }
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  for (std::int64_t id = 0; id < classes; ++id) {
    if (!named) {
      names.push_back(fmt::format("LABEL_{}", id));  // what transformers calls them
      continue;
    }
    const auto found = named->find(id);
    if (found == named->end()) return bad_labels(source, fmt::format("class {} has no name", id));
    if (!seen.insert(found->second).second) {
      return bad_labels(source, fmt::format("two classes are called \"{}\"", found->second));
    }
    names.push_back(found->second);
  }
  return names;
}

Result<std::vector<std::string>> parse_adapted_label_names(const Json& json, std::string_view source,
                                                           const HeadElsewhere& head) {
  // A tensor without columns may claim any number of rows.
  if (head.classes > static_cast<std::uint64_t>(kMaxClasses)) {
    return bad_labels(
        source, fmt::format("the head has {} rows; up to {} classes can be used", head.classes, kMaxClasses));
  }
  const auto present = [&](const char* key) { return json.contains(key) && !json[key].is_null(); };
  if (present("num_labels") || present("id2label") || present("label2id")) {
    QT_TRY(std::vector<std::string> names, parse_label_names(json, source));
    if (names.size() == head.classes) return names;
    if (head.of_adapter) {
      return fail(
          ErrorKind::kUserInput, "the labels and the classification head do not fit together",
          std::string(source),
          fmt::format("the config names {} classes, the head has {} rows", names.size(), head.classes),
          "take config.json and the adapter from the same training");
    }
  }
  std::vector<std::string> generic;
  generic.reserve(head.classes);
  for (std::uint64_t i = 0; i < head.classes; ++i) generic.push_back(fmt::format("LABEL_{}", i));
  return generic;
}

}  // namespace quantier
