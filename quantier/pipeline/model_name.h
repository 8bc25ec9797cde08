// What a model is called when nobody gave it a name: its folder's, in characters that are safe everywhere.
//
// In a hub cache the last folder is a revision: models--org--name/snapshots/<revision> gives "name".
#pragma once

#include <filesystem>
#include <string>

namespace quantier {

[[nodiscard]] std::string name_of_model(const std::filesystem::path& directory);

}  // namespace quantier
