#include "quantier/checkpoint/model_directory.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";
constexpr const char* kAdapterFile = "adapter_config.json";

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\\') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

bool lies_below(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] = std::ranges::mismatch(folder, path);
  return in_folder == folder.end() && in_path != path.end();
}

// A hub cache root points at the snapshot of its main branch.
Result<fs::path> snapshot_of_cache(const fs::path& root) {
  const fs::path reference = root / "refs" / "main";
  if (!is_there(reference)) {
    return fail(ErrorKind::kEnvironment, "this hub cache does not say which snapshot to use", root.string(),
                "refs/main is absent", "name one of the folders in snapshots/");
  }
  QT_TRY(std::string hash, read_text_file(reference, 4096));
  while (!hash.empty() && (hash.back() == '\n' || hash.back() == '\r' || hash.back() == ' ')) hash.pop_back();
  if (!is_plain_name(hash)) {
    return fail(ErrorKind::kCorruptData, "this hub cache does not say which snapshot to use",
                reference.string(), "it does not hold the name of a snapshot");
  }
  fs::path snapshot = root / "snapshots" / hash;
  if (!is_there(snapshot)) {
    return fail(ErrorKind::kEnvironment, "the snapshot is not in the cache", snapshot.string(),
                "refs/main names it", "download the model again");
  }
  return snapshot;
}

std::unexpected<Error> no_weights(const ModelDirectory& directory) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory.path(), error)) {
    const std::string name = entry.path().filename().string();
    const bool pickled = name.ends_with(".bin") || name.ends_with(".pt") || name.ends_with(".pth");
    if (!pickled) continue;
    return fail(
        ErrorKind::kUnsupported, "pickle files are not read", directory.path().string(),
        fmt::format("{} is a pickle, which can run code when it is opened; no safetensors file is here",
                    name),
        "convert it on a machine where you trust the file, in Python: "
        "AutoModelForSequenceClassification.from_pretrained(DIR).save_pretrained(NEW_DIR, "
        "safe_serialization=True)");
  }
  return fail(ErrorKind::kEnvironment, "no weights found", directory.path().string(),
              fmt::format("neither {} nor {} is there", kSingleFile, kIndexFile),
              "give the directory that save_pretrained wrote");
}

Result<WeightFiles> read_index(const ModelDirectory& directory) {
  QT_TRY(const fs::path path, directory.file(kIndexFile));
  const std::string source = (directory.path() / kIndexFile).string();
  QT_TRY(const Json index, read_json_file(path.string()));
  const auto corrupt = [&source](std::string why) {
    return fail(ErrorKind::kCorruptData, "the index of the shards is damaged", source, std::move(why),
                "download or export the model again");
  };
  if (!index.is_object()) return corrupt("it is not a JSON object");
  const auto weight_map = index.find("weight_map");
  if (weight_map == index.end() || !weight_map->is_object() || weight_map->empty()) {
    return corrupt("\"weight_map\" is not an object that names tensors");
  }
  std::set<std::string> names;
  for (const auto& [tensor, file] : weight_map->items()) {
    if (!file.is_string()) return corrupt(fmt::format("tensor {}: the shard is not a string", tensor));
    const auto& name = file.get_ref<const std::string&>();
    if (!is_plain_name(name)) {
      return corrupt(fmt::format(
          "tensor {}: the shard \"{}\" is not the plain name of a file in the directory", tensor, name));
    }
    if (!name.ends_with(".safetensors")) {
      return corrupt(fmt::format("tensor {}: the shard \"{}\" is not a .safetensors file", tensor, name));
    }
    names.insert(name);
  }
  WeightFiles files;
  files.names.assign(names.begin(), names.end());
  for (const auto& [tensor, file] : weight_map->items()) {
    const auto at = std::ranges::lower_bound(files.names, file.get_ref<const std::string&>());
    files.promised.emplace(tensor, static_cast<std::size_t>(at - files.names.begin()));
  }
  return files;
}

}  // namespace

const char* adapter_use_name(AdapterUse use) { return use == AdapterUse::kBeside ? "beside" : "merge"; }

std::optional<AdapterUse> adapter_use_from_name(std::string_view name) {
  for (const AdapterUse use : {AdapterUse::kMerge, AdapterUse::kBeside}) {
    if (name == adapter_use_name(use)) return use;
  }
  return std::nullopt;
}

Result<ModelDirectory> ModelDirectory::resolve(const fs::path& given) {
  std::error_code error;
  ModelDirectory directory;
  directory.path_ = given;
  if (!fs::is_directory(given, error)) {
    return fail(ErrorKind::kEnvironment, "cannot open the model", given.string(),
                is_there(given) ? "it is not a directory" : "there is nothing at this path",
                "give the directory with config.json and model.safetensors");
  }
  if (!is_there(given / "config.json") && !is_there(given / kAdapterFile) && is_there(given / "snapshots")) {
    QT_TRY(directory.path_, snapshot_of_cache(given));
  }
  directory.inside_ = fs::canonical(directory.path_, error);
  if (error) {
    return fail(ErrorKind::kEnvironment, "cannot open the model", directory.path_.string(), error.message());
  }
  const fs::path snapshots = directory.inside_.parent_path();
  const fs::path blobs = snapshots.parent_path() / "blobs";
  if (snapshots.filename() == "snapshots" && fs::is_directory(blobs, error)) {
    directory.blobs_ = fs::canonical(blobs, error);
    if (error || directory.blobs_->parent_path() != snapshots.parent_path()) directory.blobs_.reset();
  }
  return directory;
}

Result<fs::path> ModelDirectory::file(std::string_view name) const {
  const fs::path wanted = path_ / name;
  std::error_code error;
  fs::path resolved = fs::canonical(wanted, error);
  if (error) {
    return fail(ErrorKind::kEnvironment, "a file of the model is missing", wanted.string(), error.message(),
                "download the model again, with all its files");
  }
  if (!lies_below(resolved, inside_) && !(blobs_ && lies_below(resolved, *blobs_))) {
    return fail(ErrorKind::kUserInput, "a link leads out of the model's directory", wanted.string(),
                fmt::format("it points to {}", resolved.string()),
                "copy the file into the directory, or give the directory it points to");
  }
  return resolved;
}

bool ModelDirectory::has(std::string_view name) const { return is_there(path_ / name); }
bool ModelDirectory::is_adapter() const { return has(kAdapterFile); }

Result<WeightFiles> find_weight_files(const ModelDirectory& directory) {
  const bool single = directory.has(kSingleFile);
  const bool sharded = directory.has(kIndexFile);
  // transformers takes the single file when both are there; so does this.
  if (single) return WeightFiles{{kSingleFile}, {}};
  if (sharded) return read_index(directory);
  return no_weights(directory);
}

}  // namespace quantier
