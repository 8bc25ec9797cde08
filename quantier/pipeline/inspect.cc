#include "quantier/pipeline/inspect.h"

#include <system_error>

#include "quantier/checkpoint/checkpoint.h"

namespace quantier {

Result<Inspection> inspect_model(const ModelLocation& location, const std::optional<std::string>& recipe,
                                 const RecipeOptions& options) {
  QT_TRY(const Checkpoint checkpoint, Checkpoint::open(location));
  Inspection inspection;
  inspection.spec = checkpoint.spec();
  inspection.adapter = checkpoint.adapter();
  inspection.parameters = count_parameters(inspection.spec);
  for (const std::filesystem::path& file : checkpoint.weight_files()) {
    std::error_code error;
    inspection.stored_bytes += std::filesystem::file_size(file, error);
    inspection.weight_files.push_back(file.filename().string());
  }
  if (recipe) {
    QT_TRY(inspection.plan, resolve_recipe(*recipe, inspection.spec, options));
  }
  return inspection;
}

}  // namespace quantier
