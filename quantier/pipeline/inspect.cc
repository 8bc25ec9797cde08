#include "quantier/pipeline/inspect.h"

#include <system_error>

#include "quantier/checkpoint/checkpoint.h"
#include "quantier/pipeline/resolve_plan.h"

namespace quantier {

Result<Inspection> inspect_model(const ModelLocation& location, const std::optional<PlanRules>& rules,
                                 const RecipeOptions& options) {
  QT_TRY(const Checkpoint checkpoint, Checkpoint::open(location));
  Inspection inspection;
  inspection.spec = checkpoint.spec();
  inspection.adapter = checkpoint.adapter();
  inspection.quantized = checkpoint.quantization().has_value();
  inspection.parameters = count_parameters(inspection.spec);
  for (const std::filesystem::path& file : checkpoint.weight_files()) {
    std::error_code error;
    inspection.stored_bytes += std::filesystem::file_size(file, error);
    inspection.weight_files.push_back(file.filename().string());
  }
  // Quantized weights have a plan whether one is asked for or not.
  if (rules || checkpoint.quantization()) {
    QT_TRY(inspection.plan, resolve_plan(checkpoint, inspection.spec, rules.value_or(PlanRules()), options));
  }
  return inspection;
}

}  // namespace quantier
