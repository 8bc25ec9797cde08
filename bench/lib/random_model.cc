#include "bench/lib/random_model.h"

#include "quantier/checkpoint/random_checkpoint.h"

namespace quantier {

Result<std::filesystem::path> random_model(const std::string& geometry) {
  auto directory = std::filesystem::temp_directory_path() / ("quantier-bench-" + geometry);
  if (std::filesystem::exists(directory / "config.json")) return directory;
  RandomGeometry shape;
  if (geometry == "modernbert-base") {
    shape = modernbert_base_geometry(kRandomModelClasses);
  } else if (geometry == "qwen2.5-0.5b") {
    shape = qwen2_half_billion_geometry(kRandomModelClasses);
  } else {
    return fail(ErrorKind::kUsage, "unknown geometry", geometry, "", "known: modernbert-base, qwen2.5-0.5b");
  }
  QT_TRY_STATUS(write_random_checkpoint(directory, shape, {.dtype = DType::kBF16}));
  return directory;
}

}  // namespace quantier
