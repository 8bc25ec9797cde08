#include "quantier/checkpoint/checkpoint.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/families/family.h"
#include "quantier/checkpoint/family_match.h"
#include "quantier/checkpoint/gguf/gguf_model.h"
#include "quantier/checkpoint/gguf/gguf_qwen2.h"
#include "quantier/checkpoint/hf_config.h"
#include "quantier/checkpoint/weight_set.h"

namespace quantier {
namespace {

struct ConfigFile {
  std::filesystem::path shown;  // as the directory names it
  Json json;
};

Result<ConfigFile> read_config(const ModelDirectory& directory) {
  QT_TRY(const std::filesystem::path path, directory.file("config.json"));
  QT_TRY(Json json, read_json_file(path.string()));
  return ConfigFile{directory.path() / "config.json", std::move(json)};
}

constexpr const char* kOwnMethod = "quantier";
constexpr const char* kOwnManifest = "quantier.json";
constexpr const char* kEarlyGptqFile = "quantize_config.json";

// Rows of the head that the adapter saved, else of the one that the base has.
Result<std::uint64_t> count_classes(const Adapter& adapter, const WeightSet& base, const std::string& where) {
  for (const char* name : {"classifier.weight", "score.weight"}) {
    if (const std::optional<TensorView> saved = adapter.whole(name); saved && !saved->shape.empty()) {
      return saved->shape[0];
    }
  }
  for (const char* name : {"classifier.weight", "score.weight"}) {
    const WeightSet::Found found = base.find(name);
    if (found && !found.entry->shape.empty()) return found.entry->shape[0];
  }
  return fail(
      ErrorKind::kCorruptData, "there is no classification head", where,
      "neither the adapter nor its base has the tensor classifier.weight or score.weight",
      "train with the head in modules_to_save (task_type=\"SEQ_CLS\" does it); a new, untrained head is "
      "never made up");
}

}  // namespace

struct Checkpoint::State {
  std::filesystem::path directory;
  std::filesystem::path tokenizer_directory;
  ModelSpec spec;
  WeightSet weights;
  FamilyTensors tensors;
  FamilyTensors parts;
  std::optional<StoredQuantization> quantization;
  std::vector<std::filesystem::path> weight_files;
  std::vector<std::filesystem::path> config_files;
  std::optional<Adapter> adapter;
  std::optional<AdapterInfo> info;
  std::optional<GgufModel> gguf;  // then `weights` and `tensors` are empty
  AdapterUse use = AdapterUse::kMerge;
  DType base_dtype = DType::kF32;  // of the base's embedding: what a tensor becomes that only the adapter has

  Status open_whole(const ModelDirectory& given);
  Status open_adapted(const ModelDirectory& given, const ModelLocation& location);
  Status open_gguf(const ModelLocation& location);
  Status read_quantization_file(const ModelDirectory& given);

  // What the file holds for the tensor, or the adapter in its place.
  [[nodiscard]] TensorView stored(std::string_view name) const {
    if (const TensorChange* change = adapter ? adapter->change(name) : nullptr; change && change->whole) {
      return *change->whole;
    }
    const auto found = tensors.find(name);
    QT_CHECK(found != tensors.end(), "only tensors that the specification names are asked for");
    return found->second.view();
  }
  // peft loads into the base's element type, so a saved module is rounded to it.
  [[nodiscard]] DType dtype(std::string_view name) const {
    if (gguf) return gguf->dtype(name);
    const TensorView view = stored(name);
    const auto base = tensors.find(name);
    const DType wanted = base != tensors.end() ? base->second.entry->dtype : base_dtype;
    const TensorChange* change = adapter ? adapter->change(name) : nullptr;
    const bool differs = change != nullptr && (change->lora || change->rows);
    // As it stands a shorter type holds the same numbers as the base's would.
    return !differs && dtype_bytes(wanted) > dtype_bytes(view.dtype) ? view.dtype : wanted;
  }
  [[nodiscard]] bool stays_beside(const TensorChange& change) const {
    return use == AdapterUse::kBeside && change.lora && !change.lora->of_embedding;
  }
  [[nodiscard]] Result<TensorData> read(std::string_view name, std::uint64_t first,
                                        std::uint64_t count) const;
};

Checkpoint::Checkpoint() : state_(std::make_unique<State>()) {}
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Status Checkpoint::State::open_whole(const ModelDirectory& given) {
  QT_TRY(weights, WeightSet::open(given));
  QT_TRY(const ConfigFile file, read_config(given));
  QT_TRY(const HfConfig config, parse_hf_config(file.json, file.shown.string()));
  const FamilyModel model = family_model(config);
  spec = model.spec;
  config_files = {file.shown};
  quantization = config.quantization;
  QT_TRY_STATUS(read_quantization_file(given));
  QT_TRY(tensors,
         match_family(model, weights, nullptr, directory.string(), spec, quantization ? &parts : nullptr));
  weight_files = weights.paths();
  tokenizer_directory = directory;
  return {};
}

// Two programs keep what they say about the weights in a file of its own.
Status Checkpoint::State::read_quantization_file(const ModelDirectory& given) {
  const bool own = quantization && quantization->method == kOwnMethod;
  const bool early_gptq = !quantization && given.has(kEarlyGptqFile);
  if (!own && !early_gptq) return {};
  const char* name = own ? kOwnManifest : kEarlyGptqFile;
  QT_TRY(const std::filesystem::path path, given.file(name));
  QT_TRY(Json json, read_json_file(path.string()));
  if (!json.is_object()) {
    return fail(ErrorKind::kCorruptData, "the description of the quantized weights is not a JSON object",
                path.string());
  }
  quantization = StoredQuantization{own ? kOwnMethod : "gptq", std::move(json)};
  config_files.push_back(given.path() / name);
  return {};
}

Status Checkpoint::State::open_adapted(const ModelDirectory& given, const ModelLocation& location) {
  use = location.adapter;
  QT_TRY(adapter, Adapter::open(given));
  QT_TRY(const BaseDirectory base, find_base(given, adapter->config(), location.base));
  QT_TRY(weights, WeightSet::open(base.directory));
  const bool own_config = given.has("config.json");
  QT_TRY(const ConfigFile file, read_config(own_config ? given : base.directory));
  QT_TRY(const std::uint64_t classes, count_classes(*adapter, weights, directory.string()));
  QT_TRY(const HfConfig config,
         parse_adapted_hf_config(file.json, file.shown.string(), {classes, own_config}));
  const FamilyModel model = family_model(config);
  spec = model.spec;
  const std::string base_path = base.directory.path().string();
  QT_TRY(tensors, match_family(model, weights, &*adapter, base_path, spec));
  QT_TRY_STATUS(adapter->match(model));
  if (const auto embedding = tensors.find(spec.embedding); embedding != tensors.end()) {
    base_dtype = embedding->second.entry->dtype;
  }
  weight_files = weights.paths();
  weight_files.push_back(adapter->weight_file());
  config_files = {file.shown, directory / "adapter_config.json"};
  tokenizer_directory = given.has("tokenizer.json") ? directory : base.directory.path();
  info = AdapterInfo{directory, base.directory.path(), base.found_by, adapter->content()};
  return {};
}

Status Checkpoint::State::open_gguf(const ModelLocation& location) {
  if (location.base) {
    return fail(ErrorKind::kUsage, "a base model was named and the model is not an adapter",
                location.directory.string(), "a GGUF file holds a whole model", "leave --base out");
  }
  if (location.adapter == AdapterUse::kBeside) {
    return fail(ErrorKind::kUsage, "an adapter is to stay beside the weights and the model is not an adapter",
                location.directory.string(), "a GGUF file holds a whole model", "leave \"beside\" out");
  }
  QT_TRY(gguf, GgufModel::open(location.directory));
  spec = gguf->spec();
  directory = location.directory;
  tokenizer_directory = gguf_tokenizer_directory(location.directory);
  weight_files = {location.directory};
  config_files = {location.directory};
  return {};
}

Result<Checkpoint> Checkpoint::open(const std::filesystem::path& directory) {
  return open(ModelLocation{directory});
}

Result<Checkpoint> Checkpoint::open(const ModelLocation& location) {
  if (is_gguf_path(location.directory)) {
    Checkpoint checkpoint;
    QT_TRY_STATUS(checkpoint.state_->open_gguf(location));
    return checkpoint;
  }
  QT_TRY(const ModelDirectory given, ModelDirectory::resolve(location.directory));
  QT_TRY_STATUS(check_base_is_meant(given, location));
  Checkpoint checkpoint;
  State& state = *checkpoint.state_;
  state.directory = given.path();
  if (given.is_adapter()) {
    QT_TRY_STATUS(state.open_adapted(given, location));
  } else {
    QT_TRY_STATUS(state.open_whole(given));
  }
  return checkpoint;
}

const ModelSpec& Checkpoint::spec() const { return state_->spec; }
const std::filesystem::path& Checkpoint::directory() const { return state_->directory; }
const std::filesystem::path& Checkpoint::tokenizer_directory() const { return state_->tokenizer_directory; }
const std::vector<std::filesystem::path>& Checkpoint::weight_files() const { return state_->weight_files; }
const std::vector<std::filesystem::path>& Checkpoint::config_files() const { return state_->config_files; }
const std::optional<AdapterInfo>& Checkpoint::adapter() const { return state_->info; }

// Rows [first, first + count) of the tensor, whose first dimension is rows; a vector is one row for each
// element.
Result<TensorData> Checkpoint::State::read(std::string_view name, std::uint64_t first,
                                           std::uint64_t count) const {
  if (gguf) return gguf->rows(name, first, count);
  const TensorView whole = stored(name);
  QT_CHECK(!whole.shape.empty() && first <= whole.shape[0] && count <= whole.shape[0] - first,
           "the rows lie in the tensor");
  std::vector<std::uint64_t> shape = whole.shape;
  shape[0] = count;
  const std::uint64_t columns = whole.shape[0] == 0 ? 0 : whole.element_count() / whole.shape[0];
  const TensorChange* change = adapter ? adapter->change(name) : nullptr;
  const DType type = dtype(name);
  const bool adds = change != nullptr && change->lora && !stays_beside(*change);
  const bool differs = adds || (change != nullptr && change->rows);
  if (type == whole.dtype && !differs) {
    const std::size_t row_bytes = columns * dtype_bytes(type);
    return TensorData(
        TensorView{type, std::move(shape), whole.bytes.subspan(first * row_bytes, count * row_bytes)});
  }
  AlignedBuffer<std::byte> bytes(count * columns * dtype_bytes(type), MemoryOwner::kOther);
  convert_elements(whole, first * columns, type, bytes.span());
  if (adds) {
    QT_TRY_STATUS(
        add_lora(*change->lora, type, first, columns, bytes.span(), fmt::format("tensor {}", name)));
  }
  if (differs && change->rows) {
    const std::size_t row_bytes = columns * dtype_bytes(type);
    for (std::size_t i = 0; i < change->rows->rows.size(); ++i) {
      const std::uint64_t row = change->rows->rows[i];
      if (row < first || row - first >= count) continue;
      convert_elements(change->rows->values, i * columns, type,
                       bytes.span().subspan((row - first) * row_bytes, row_bytes));
    }
  }
  return TensorData(type, std::move(shape), std::move(bytes));
}

Result<TensorData> Checkpoint::tensor(std::string_view name) const {
  return state_->read(name, 0, shape(name)[0]);
}

Result<TensorData> Checkpoint::rows(std::string_view name, std::uint64_t first, std::uint64_t count) const {
  return state_->read(name, first, count);
}

DType Checkpoint::dtype(std::string_view name) const { return state_->dtype(name); }

std::vector<std::uint64_t> Checkpoint::shape(std::string_view name) const {
  return state_->gguf ? state_->gguf->shape(name) : state_->stored(name).shape;
}

std::optional<LoraFactors> Checkpoint::beside(std::string_view name) const {
  const TensorChange* change = state_->adapter ? state_->adapter->change(name) : nullptr;
  return change != nullptr && state_->stays_beside(*change) ? change->lora : std::nullopt;
}

AdapterUse Checkpoint::adapter_use() const { return state_->use; }

const std::optional<StoredQuantization>& Checkpoint::quantization() const { return state_->quantization; }
bool Checkpoint::has(std::string_view name) const {
  return state_->gguf ? state_->gguf->has(name) : state_->tensors.contains(name);
}

Result<Json> Checkpoint::config() const {
  if (state_->gguf) return qwen2_config_of(state_->gguf->header(), state_->gguf->path().string());
  return read_json_file(state_->config_files.front().string());
}

std::vector<std::string> Checkpoint::parts(std::string_view module) const {
  std::vector<std::string> names;
  const std::string prefix = fmt::format("{}.", module);
  for (auto at = state_->parts.lower_bound(prefix);
       at != state_->parts.end() && at->first.starts_with(prefix); ++at) {
    names.push_back(at->first);
  }
  return names;
}

std::optional<TensorView> Checkpoint::part(std::string_view name) const {
  const auto found = state_->parts.find(name);
  if (found == state_->parts.end()) return std::nullopt;
  return found->second.view();
}

void Checkpoint::drop_pages(std::string_view name) const {
  if (state_->gguf) return state_->gguf->drop_pages(name);
  for (const FamilyTensors* set : {&state_->tensors, &state_->parts}) {
    const auto found = set->find(name);
    if (found != set->end()) found->second.file->drop_pages(*found->second.entry);
  }
  if (state_->adapter) state_->adapter->drop_pages(name);
}

}  // namespace quantier
