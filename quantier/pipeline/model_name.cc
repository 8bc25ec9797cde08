#include "quantier/pipeline/model_name.h"

namespace quantier {

std::string name_of_model(const std::filesystem::path& directory) {
  std::filesystem::path path = directory.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  std::string name = path.filename().string();
  if (path.parent_path().filename() == "snapshots") {
    const std::string repository = path.parent_path().parent_path().filename().string();
    const auto dashes = repository.rfind("--");
    if (dashes != std::string::npos) name = repository.substr(dashes + 2);
  }
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_' || c == '+';
    if (!plain) c = '-';
  }
  constexpr std::size_t kLongest = 56;
  name = name.substr(0, kLongest);
  return name.empty() || name == "." || name == ".." ? "model" : name;
}

}  // namespace quantier
