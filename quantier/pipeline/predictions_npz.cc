#include "quantier/pipeline/predictions_npz.h"

#include <cstdint>
#include <vector>

#include "quantier/dataset/npz.h"

namespace quantier {

Status write_predictions_npz(const std::filesystem::path& path, const Predictions& predictions) {
  std::vector<NpyArray> arrays;
  arrays.push_back({"logits", {predictions.example_count, predictions.class_count}, predictions.logits});
  arrays.push_back({"label_names", {predictions.label_names.size()}, predictions.label_names});
  if (!predictions.labels.empty()) {
    arrays.push_back({"labels",
                      {predictions.labels.size()},
                      std::vector<std::int64_t>(predictions.labels.begin(), predictions.labels.end())});
  }
  if (!predictions.ids.empty()) arrays.push_back({"ids", {predictions.ids.size()}, predictions.ids});
  return write_npz(path, arrays);
}

}  // namespace quantier
