#include "quantier/checkpoint/checkpoint.h"

#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/families/family.h"
#include "quantier/checkpoint/hf_config.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/checkpoint/safetensors.h"

namespace quantier {
namespace {

struct Place {
  std::size_t file = 0;
  std::size_t entry = 0;
};
using Places = std::map<std::string, Place, std::less<>>;

// Every tensor of every file, once, and where the index says.
Result<Places> place_tensors(const std::vector<SafetensorsFile>& files, const WeightFiles& weights) {
  Places places;
  for (std::size_t f = 0; f < files.size(); ++f) {
    const auto& entries = files[f].header().entries;
    for (std::size_t e = 0; e < entries.size(); ++e) {
      const auto [at, inserted] = places.emplace(entries[e].name, Place{f, e});
      if (!inserted) {
        return fail(ErrorKind::kCorruptData, "a tensor is in two shards", fmt::format("tensor {}", at->first),
                    fmt::format("{} and {}", weights.names[at->second.file], weights.names[f]),
                    "download or export the model again");
      }
    }
  }
  for (const auto& [tensor, file] : weights.promised) {
    const auto found = places.find(tensor);
    if (found == places.end() || found->second.file != file) {
      return fail(ErrorKind::kCorruptData, "a tensor is missing from its shard",
                  fmt::format("{}, tensor {}", files[file].path().string(), tensor),
                  "model.safetensors.index.json says it is there", "download or export the model again");
    }
  }
  if (!weights.promised.empty() && weights.promised.size() != places.size()) {
    for (const auto& [tensor, place] : places) {
      if (weights.promised.contains(tensor)) continue;
      return fail(ErrorKind::kCorruptData, "a shard holds a tensor that the index does not name",
                  fmt::format("{}, tensor {}", files[place.file].path().string(), tensor), {},
                  "download or export the model again");
    }
  }
  return places;
}

std::unexpected<Error> missing_tensor(const ExpectedTensor& expected, const ModelSpec& spec,
                                      const std::string& where) {
  const std::string what = fmt::format("{}, tensor {}", where, expected.name);
  const std::string why =
      fmt::format("{} needs it with the shape {}", spec.architecture, shape_text(expected.shape));
  if (expected.in_head) {
    return fail(ErrorKind::kCorruptData, "head tensor absent: the classifier was not saved", what, why,
                "save the fine-tuned classifier, not the pretrained model; a new, untrained head is never "
                "made up");
  }
  return fail(ErrorKind::kCorruptData, "a tensor is missing", what, why,
              "compare config.json with the weights: they must come from the same model");
}

// The files must hold the family's tensors exactly: all of them, nothing else, in the stated shapes.
Status match_tensors(const FamilyModel& model, const Places& places,
                     const std::vector<SafetensorsFile>& files, const std::string& where, ModelSpec& spec) {
  std::size_t matched = 0;
  for (const ExpectedTensor& expected : model.tensors) {
    const auto found = places.find(expected.name);
    if (found == places.end()) {
      if (expected.optional) continue;
      return missing_tensor(expected, spec, where);
    }
    ++matched;
    const SafetensorsFile& file = files[found->second.file];
    const SafetensorsEntry& entry = file.header().entries[found->second.entry];
    const std::string entry_where = fmt::format("{}, tensor {}", file.path().string(), expected.name);
    if (expected.optional) {
      spec.ignored.push_back(expected.name);
      continue;
    }
    if (entry.shape != expected.shape) {
      return fail(ErrorKind::kCorruptData, "a tensor has the wrong shape", entry_where,
                  fmt::format("stored {}, config.json makes it {}", shape_text(entry.shape),
                              shape_text(expected.shape)),
                  "compare config.json with the weights: they must come from the same model");
    }
    if (!is_floating(entry.dtype)) {
      return fail(ErrorKind::kUnsupported, "weights stored as integers are not read", entry_where,
                  fmt::format("its element type is {}", dtype_name(entry.dtype)),
                  "start from the full-precision checkpoint");
    }
  }
  if (matched == places.size()) return {};
  std::map<std::string_view, bool> known;
  for (const ExpectedTensor& expected : model.tensors) known.emplace(expected.name, true);
  for (const auto& [tensor, place] : places) {
    if (known.contains(tensor)) continue;
    return fail(ErrorKind::kCorruptData, "a tensor is not part of the architecture",
                fmt::format("{}, tensor {}", files[place.file].path().string(), tensor),
                fmt::format("{} with this config.json has no such tensor", spec.architecture),
                "leaving it out could change the answers, so the model is refused; check the bias flags and "
                "the number of layers in config.json");
  }
  return {};
}

}  // namespace

struct Checkpoint::State {
  std::filesystem::path directory;
  ModelSpec spec;
  std::vector<SafetensorsFile> files;
  std::vector<std::filesystem::path> paths;
  Places places;

  [[nodiscard]] std::pair<const SafetensorsFile*, const SafetensorsEntry*> find(std::string_view name) const {
    const auto found = places.find(name);
    QT_CHECK(found != places.end(), "only tensors that the specification names are asked for");
    const SafetensorsFile& file = files[found->second.file];
    return {&file, &file.header().entries[found->second.entry]};
  }
};

Checkpoint::Checkpoint() : state_(std::make_unique<State>()) {}
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Result<Checkpoint> Checkpoint::open(const std::filesystem::path& given) {
  QT_TRY(const ModelDirectory directory, ModelDirectory::resolve(given));
  QT_TRY(const WeightFiles weights, find_weight_files(directory));
  QT_TRY(const std::filesystem::path config_path, directory.file("config.json"));
  QT_TRY(const Json json, read_json_file(config_path.string()));
  QT_TRY(const HfConfig config, parse_hf_config(json, (directory.path() / "config.json").string()));

  Checkpoint checkpoint;
  State& state = *checkpoint.state_;
  state.directory = directory.path();
  for (const std::string& name : weights.names) {
    QT_TRY(const std::filesystem::path path, directory.file(name));
    QT_TRY(SafetensorsFile file, SafetensorsFile::open(path));
    state.files.push_back(std::move(file));
    state.paths.push_back(directory.path() / name);
  }
  QT_TRY(state.places, place_tensors(state.files, weights));
  FamilyModel model = family_model(config);
  state.spec = model.spec;
  QT_TRY_STATUS(match_tensors(model, state.places, state.files, state.directory.string(), state.spec));
  return checkpoint;
}

const ModelSpec& Checkpoint::spec() const { return state_->spec; }
const std::filesystem::path& Checkpoint::directory() const { return state_->directory; }
const std::vector<std::filesystem::path>& Checkpoint::weight_files() const { return state_->paths; }

TensorView Checkpoint::tensor(std::string_view name) const {
  const auto [file, entry] = state_->find(name);
  return file->view(*entry);
}

void Checkpoint::drop_pages(std::string_view name) const {
  const auto [file, entry] = state_->find(name);
  file->drop_pages(*entry);
}

}  // namespace quantier
