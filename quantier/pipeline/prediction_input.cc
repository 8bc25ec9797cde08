#include "quantier/pipeline/prediction_input.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "quantier/base/sha256.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace {

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

// "runs/encoder_int4.npz" -> "encoder_int4"; "encoder_int4_logits" -> "encoder_int4".
std::string short_name(const PredictionSpec& spec) {
  std::string name = spec.columns.logits.empty() ? spec.path.stem().string() : spec.columns.logits;
  for (const std::string_view ending : {"_logits", ".logits"}) {
    if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
  }
  return printable(name, 40);
}

std::string known_runs(const std::vector<RunSummary>& runs) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(runs.size(), 8); ++i) {
    text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", printable(runs[i].configuration.display(), 60));
  }
  if (runs.size() > 8) text += fmt::format(" and {} more", runs.size() - 8);
  return text.empty() ? "none" : text;
}

Result<NamedPredictions> load_run_as_table(Store& store, const std::string& text,
                                           const std::string& other_than) {
  QT_TRY(const std::vector<RunSummary> runs, store.runs());
  std::vector<const RunSummary*> found;
  for (const RunSummary& run : runs) {
    const bool by_name =
        run.configuration.display() == text && (other_than.empty() || run.split != other_than);
    if (run.key == text || by_name) found.push_back(&run);
  }
  if (found.empty() && text.size() >= 4) {
    for (const RunSummary& run : runs) {
      if (run.key.starts_with(text)) found.push_back(&run);
    }
  }
  if (found.size() != 1) {
    return fail(ErrorKind::kUserInput,
                found.empty() ? fmt::format("there is no run \"{}\" and no such file", printable(text, 80))
                              : fmt::format("\"{}\" names {} runs", printable(text, 80), found.size()),
                store.path(), "the store holds " + known_runs(runs),
                "name a run as \"model recipe\" or by the beginning of its key; `quantier show` lists them");
  }
  QT_TRY(Run run, store.load_run(found.front()->key));
  NamedPredictions named;
  named.name = run.configuration.display();
  named.model = run.configuration.model;
  named.recipe = run.configuration.recipe;
  named.device = run.configuration.device;
  named.split = run.split;
  named.key = run.key;
  PredictionTable& table = named.table;
  table.source = named.name;
  table.example_count = run.predictions.example_count;
  table.class_count = run.predictions.class_count;
  table.logits = std::move(run.predictions.logits);
  table.label_numbers.assign(run.predictions.labels.begin(), run.predictions.labels.end());
  table.ids = std::move(run.predictions.ids);
  table.groups = std::move(run.predictions.groups);
  named.truncated = std::move(run.predictions.truncated);
  table.class_names = std::move(run.predictions.label_names);
  return named;
}

}  // namespace

Result<PredictionSpec> parse_prediction_spec(const std::string& text, const PredictionColumns& columns) {
  PredictionSpec spec{.path = text, .columns = columns};
  const std::size_t mark = text.rfind('#');
  if (mark == std::string::npos || is_file(text)) return spec;
  spec.path = text.substr(0, mark);
  const std::string keys = text.substr(mark + 1);
  if (keys.find('=') == std::string::npos && !keys.empty()) {
    spec.columns.logits = keys;
    return spec;
  }
  QT_TRY_STATUS(parse_column_mapping(keys, spec.columns));
  return spec;
}

Result<NamedPredictions> load_predictions(const std::string& text, const PredictionOptions& options,
                                          Store* store, const std::string& other_than) {
  QT_TRY(const PredictionSpec spec, parse_prediction_spec(text, options.columns));
  if (store != nullptr && !is_file(spec.path)) return load_run_as_table(*store, text, other_than);
  std::error_code ignored;
  if (store == nullptr && std::filesystem::is_directory(spec.path, ignored)) {
    return fail(ErrorKind::kUserInput, "this is a folder, not a file of predictions", text, "",
                "name runs of a store as \"model recipe\" and give the store with --store");
  }
  PredictionOptions own = options;
  own.columns = spec.columns;
  NamedPredictions named;
  QT_TRY(named.table, read_predictions(spec.path, own));
  named.name = short_name(spec);
  QT_TRY(const std::string hash, sha256_hex_of_file(spec.path));
  named.key = sha256_hex(hash + "/" + named.table.columns.logits).substr(0, 16);
  return named;
}

Result<std::string> key_on_split(Store& store, const NamedPredictions& first, const std::string& split) {
  const std::string wanted = fmt::format("{} on \"{}\"", first.name, printable(split, 60));
  if (first.model.empty()) {
    return fail(ErrorKind::kUsage, "a split of the store is asked for, and this is a file",
                first.table.source, "", "give the files of the second split with --second");
  }
  if (first.split == split) {
    return fail(ErrorKind::kUsage, "the second split is the first", wanted,
                "the same examples would repeat themselves", "name another split");
  }
  QT_TRY(const std::vector<RunSummary> runs, store.runs());
  std::string splits;
  const RunSummary* found = nullptr;
  for (const RunSummary& run : runs) {
    const ConfigurationId& id = run.configuration;
    if (id.model != first.model || id.recipe != first.recipe || id.device != first.device) continue;
    if (run.split == split) found = &run;
    splits += fmt::format("{}\"{}\"", splits.empty() ? "" : ", ", printable(run.split, 40));
  }
  if (found != nullptr) return found->key;
  return fail(ErrorKind::kUserInput, "there is no such run over the second split", wanted,
              "the store holds it over " + splits,
              "measure or import the same configurations over that split into the same store");
}

std::vector<std::string> numbered_names(std::size_t classes) {
  std::vector<std::string> names(classes);
  for (std::size_t k = 0; k < classes; ++k) names[k] = std::to_string(k);
  return names;
}

std::optional<std::vector<std::string>> label_names_of(const Json& document) {
  std::vector<std::string> names;
  if (document.is_array()) {
    for (const Json& entry : document) {
      if (!entry.is_string()) return std::nullopt;
      names.push_back(entry.get<std::string>());
    }
  } else if (document.is_object()) {
    const auto inside = document.find("id2label");
    const Json& object = inside != document.end() ? *inside : document;
    if (!object.is_object()) return std::nullopt;
    names.assign(object.size(), std::string());
    for (const auto& item : object.items()) {
      std::size_t id = 0;
      const std::string& key = item.key();
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (error != std::errc() || end != key.data() + key.size() || id >= names.size()) return std::nullopt;
      if (!item.value().is_string() || !names[id].empty()) return std::nullopt;
      names[id] = item.value().get<std::string>();
    }
  }
  if (names.empty()) return std::nullopt;
  std::vector<std::string> sorted = names;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end() || sorted.front().empty()) return std::nullopt;
  return names;
}

Result<std::vector<std::string>> read_label_names(const std::filesystem::path& path) {
  QT_TRY(const Json document, read_json_file(path.string()));
  auto names = label_names_of(document);
  if (names) return *std::move(names);
  return fail(ErrorKind::kUserInput, "names of classes cannot be read", path.string(),
              "expected a JSON list of different strings, an object from id to name, or a config.json with "
              "id2label",
              "write them in the order of the logits");
}

}  // namespace quantier
