#include "quantier/pipeline/model_shapes.h"

#include <sstream>
#include <system_error>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/gguf/gguf_model.h"
#include "quantier/pipeline/cost_model.h"
#include "quantier/pipeline/toml_section.h"

namespace quantier {
namespace {

Result<std::vector<NamedModel>> read_toml(const std::filesystem::path& path) {
  constexpr std::uint64_t kMaxBytes = 1 << 20;
  QT_TRY(const std::string text, read_text_file(path, kMaxBytes));
  if (const auto invalid = find_invalid_utf8(text)) {
    return fail(ErrorKind::kUsage, "the shapes are not UTF-8", path.string(),
                fmt::format("byte offset {}", *invalid));
  }
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return fail(ErrorKind::kUsage, "the shapes are not TOML",
                fmt::format("{}, line {}, column {}", path.string(), at.line, at.column),
                printable(error.description(), 300), "see https://toml.io for the format");
  }
  const std::string source = path.string();
  TomlReader reader(source);
  TomlSection top(table, "", reader);
  std::vector<NamedModel> models;
  std::vector<RandomGeometry> geometries;
  top.require("model", "at least one [[model]] table");
  if (const toml::node* node = top.find("model")) {
    const toml::array* array = node->as_array();
    if (array == nullptr) top.wrong_type("model", *node, "a list of tables, written [[model]]");
    for (std::size_t i = 0; array != nullptr && i < array->size() && reader.ok(); ++i) {
      const toml::table* item = (*array)[i].as_table();
      if (item == nullptr) {
        top.wrong_type("model", (*array)[i], "a table, written [[model]]");
        break;
      }
      TomlSection section(*item, "[[model]]", reader);
      NamedModel model;
      RandomGeometry geometry;
      section.text("name", model.name);
      bool encoder = true;
      section.choice("kind", {"modernbert", "qwen2", "encoder", "decoder"},
                     [&](std::size_t choice) { encoder = choice % 2 == 0; });
      geometry.family = encoder ? Family::kModernBert : Family::kQwen2;
      section.whole("layers", geometry.layers, 1, 1000);
      section.whole("hidden", geometry.hidden, 1, 100'000);
      section.whole("intermediate", geometry.intermediate, 1, 1'000'000);
      section.whole("heads", geometry.heads, 1, 10'000);
      geometry.kv_heads = geometry.heads;
      section.whole("kv_heads", geometry.kv_heads, 1, 10'000);
      section.whole("vocabulary", geometry.vocabulary, 1, 10'000'000);
      geometry.classes = 2;
      section.whole("classes", geometry.classes, 2, 100'000);
      geometry.max_positions = encoder ? 8192 : 32768;
      section.whole("positions", geometry.max_positions, 1, 10'000'000);
      geometry.local_attention = 128;
      section.whole("window", geometry.local_attention, 2, 10'000'000);
      section.finish();
      for (const char* key : {"name", "kind", "layers", "hidden", "intermediate", "heads", "vocabulary"}) {
        section.require(key, "the shape of a model needs it");
      }
      if (!reader.ok()) break;
      model.source = source;
      models.push_back(std::move(model));
      geometries.push_back(geometry);
    }
  }
  top.finish();
  if (!reader.ok()) return std::unexpected(reader.take_error());
  for (std::size_t i = 0; i < models.size(); ++i) {
    auto spec = spec_from_geometry(geometries[i]);
    if (!spec) {
      Error error = std::move(spec).error();
      error.where = fmt::format("{}, model \"{}\"", source, printable(models[i].name, 60));
      return std::unexpected(std::move(error));
    }
    models[i].spec = *std::move(spec);
  }
  return models;
}

}  // namespace

Result<std::vector<NamedModel>> read_model_shapes(const std::string& text,
                                                  const std::optional<std::filesystem::path>& base) {
  std::string name;
  std::filesystem::path path = text;
  std::error_code ignored;
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals > 0 && !std::filesystem::exists(path, ignored)) {
    name = text.substr(0, equals);
    path = text.substr(equals + 1);
  }
  if (!std::filesystem::exists(path, ignored)) {
    return fail(ErrorKind::kEnvironment, "there is no such model", printable(path.string(), 300), "",
                "give a model directory, a config.json, or TOML with [[model]] tables");
  }
  if (path.extension() == ".toml") return read_toml(path);
  NamedModel model;
  model.source = path.string();
  if (is_gguf_path(path)) {
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(path));
    model.spec = checkpoint.spec();
    model.name = path.stem().string();
  } else if (std::filesystem::is_directory(path, ignored)) {
    QT_TRY(const ModelDirectory directory, ModelDirectory::resolve(path));
    ModelLocation location{path};
    if (directory.is_adapter()) location.base = base;
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(location));
    model.spec = checkpoint.spec();
    model.name = path.filename().string();
    if (model.name.empty()) model.name = path.parent_path().filename().string();
  } else {
    QT_TRY(model.spec, spec_from_config(path));
    model.name = std::filesystem::absolute(path, ignored).parent_path().filename().string();
  }
  if (!name.empty()) model.name = name;
  return std::vector<NamedModel>{std::move(model)};
}

}  // namespace quantier
