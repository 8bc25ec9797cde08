#include "quantier/checkpoint/adapter/base_directory.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/base/utf8.h"
#include "quantier/checkpoint/gguf/gguf_model.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHint =
    "name the base model's directory with --base DIR (in a configuration: base = \"DIR\" in [[models]]); "
    "nothing is downloaded";

bool is_name_part(std::string_view part) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !part.empty() && part.size() <= 96 && part != "." && part != ".." &&
         std::ranges::all_of(part, plain);
}

// "NAME" or "ORGANISATION/NAME" as the folder that the hub's client makes for it.
std::optional<std::string> cache_folder(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) {
    if (!is_name_part(name)) return std::nullopt;
    return fmt::format("models--{}", name);
  }
  const std::string_view organisation = name.substr(0, slash);
  const std::string_view model = name.substr(slash + 1);
  if (!is_name_part(organisation) || !is_name_part(model)) return std::nullopt;
  return fmt::format("models--{}--{}", organisation, model);
}

// The snapshot of a revision: a commit, or a branch or tag that refs/ leads to a commit from.
Result<fs::path> snapshot_of(const fs::path& root, const std::string& revision) {
  std::error_code error;
  if (is_name_part(revision) && fs::is_directory(root / "snapshots" / revision, error)) {
    return root / "snapshots" / revision;
  }
  if (is_name_part(revision) && fs::is_regular_file(root / "refs" / revision, error)) {
    QT_TRY(std::string commit, read_text_file(root / "refs" / revision, 4096));
    while (!commit.empty() && (commit.back() == '\n' || commit.back() == '\r')) commit.pop_back();
    if (is_name_part(commit)) return root / "snapshots" / commit;
  }
  return fail(ErrorKind::kEnvironment, "the base model's revision is not in the hub cache", root.string(),
              fmt::format("adapter_config.json asks for revision {}", printable(revision, 80)), kHint);
}

}  // namespace

const char* base_found_by_name(BaseFoundBy found_by) {
  constexpr const char* kNames[] = {"given", "base_model_name_or_path", "hub cache"};
  return kNames[static_cast<std::size_t>(found_by)];
}

Result<AdapterConfig> read_adapter_config(const ModelDirectory& adapter) {
  QT_TRY(const fs::path path, adapter.file("adapter_config.json"));
  const std::string source = (adapter.path() / "adapter_config.json").string();
  QT_TRY(const Json json, read_json_file(path.string()));
  return parse_adapter_config(json, source);
}

Result<BaseDirectory> find_base(const ModelDirectory& adapter, const AdapterConfig& config,
                                const std::optional<fs::path>& given) {
  const auto opened = [&](const fs::path& path, BaseFoundBy found_by) -> Result<BaseDirectory> {
    QT_TRY(ModelDirectory directory, ModelDirectory::resolve(path));
    if (directory.is_adapter()) {
      return fail(ErrorKind::kUserInput, "the base model is an adapter itself", directory.path().string(),
                  fmt::format("the adapter {} needs a whole model", adapter.path().string()), kHint);
    }
    return BaseDirectory{std::move(directory), found_by};
  };
  if (given) return opened(*given, BaseFoundBy::kGiven);
  if (!config.base_name) {
    return fail(ErrorKind::kEnvironment, "the base model of the adapter is not known",
                adapter.path().string(), "adapter_config.json has no base_model_name_or_path", kHint);
  }
  const std::string& name = *config.base_name;
  std::vector<std::string> looked_for = {printable(name, 200)};
  std::error_code error;
  if (name.find('\0') == std::string::npos && fs::is_directory(name, error)) {
    return opened(name, BaseFoundBy::kPath);
  }
  const char* home = std::getenv("HOME");
  const std::optional<std::string> folder = cache_folder(name);
  if (home != nullptr && *home != '\0' && folder) {
    const fs::path root = fs::path(home) / ".cache" / "huggingface" / "hub" / *folder;
    if (fs::is_directory(root, error)) {
      if (!config.revision || config.revision->empty()) return opened(root, BaseFoundBy::kHubCache);
      QT_TRY(const fs::path snapshot, snapshot_of(root, *config.revision));
      return opened(snapshot, BaseFoundBy::kHubCache);
    }
    looked_for.push_back(root.string());
  }
  return fail(ErrorKind::kEnvironment, "the base model of the adapter was not found", adapter.path().string(),
              fmt::format("looked for {}", fmt::join(looked_for, " and ")), kHint);
}

Status check_base_is_meant(const ModelDirectory& directory, const ModelLocation& location) {
  if (directory.is_adapter()) return {};
  if (location.adapter == AdapterUse::kBeside) {
    return fail(ErrorKind::kUsage, "an adapter is to stay beside the weights and the model is no adapter",
                directory.path().string(), "it holds no adapter_config.json",
                "leave \"beside\" out; quantized weights of Quantier keep an adapter where they have one");
  }
  if (!location.base) return {};
  return fail(ErrorKind::kUsage, "a base model was named for a model that is no adapter",
              directory.path().string(), "it holds no adapter_config.json", "leave the base out");
}

Result<fs::path> find_tokenizer_directory(const ModelLocation& location) {
  if (is_gguf_path(location.directory)) return gguf_tokenizer_directory(location.directory);
  QT_TRY(const ModelDirectory directory, ModelDirectory::resolve(location.directory));
  QT_TRY_STATUS(check_base_is_meant(directory, location));
  if (directory.has("tokenizer.json") || !directory.is_adapter()) return directory.path();
  QT_TRY(const AdapterConfig config, read_adapter_config(directory));
  QT_TRY(const BaseDirectory base, find_base(directory, config, location.base));
  return base.directory.path();
}

}  // namespace quantier
