// The analysis of the demo's reference logits, whole splits, against scikit-learn, SciPy and NumPy.

#include <cmath>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/json.h"
#include "quantier/dataset/dataset.h"
#include "quantier/dataset/npz.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {
namespace {

const std::string kRoot = QUANTIER_SOURCE_DIR;

using RunRecord = quantier::Run;

Result<RunRecord> reference_run(const std::string& model, const std::string& split) {
  QT_TRY(const Json names, read_json_file(kRoot + "/demo/data/labels.json"));
  const auto label_names = names.get<std::vector<std::string>>();
  QT_TRY(Dataset data, read_dataset(kRoot + "/demo/data/" + split + ".jsonl", {}, label_names));
  QT_TRY(const auto arrays, read_npz(kRoot + "/demo/reference/" + model + "_logits.npz"));
  RunRecord run;
  run.configuration = {model, "reference", "cpu"};
  run.key = model;
  run.split = split;
  for (const NpyArray& array : arrays) {
    if (array.name != split) continue;
    run.predictions.example_count = array.shape.at(0);
    run.predictions.class_count = array.shape.at(1);
    run.predictions.logits = std::get<std::vector<float>>(array.values);
  }
  run.predictions.label_names = label_names;
  run.predictions.labels = std::move(data.labels);
  run.predictions.ids = std::move(data.ids);
  return run;
}

TEST(AnalysisOfReferenceLogits, AgreesWithScikitLearnAndScipy) {
  const auto golden = read_json_file(kRoot + "/testdata/stats/calibration_reference.json");
  ASSERT_TRUE(golden.has_value()) << golden.error().message();
  ASSERT_EQ(golden->at("cases").size(), 4U);
  for (const Json& example : golden->at("cases")) {
    const auto model = example.at("model").get<std::string>();
    const auto split = example.at("split").get<std::string>();
    SCOPED_TRACE(model + " " + split);
    const auto run = reference_run(model, split);
    ASSERT_TRUE(run.has_value()) << run.error().message();
    AnalysisOptions options;
    options.replicates = 100;
    const auto analysis = analyze({*run}, {}, options);
    ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
    const auto near = [&](const char* key, double value, double tolerance) {
      EXPECT_TRUE(std::abs(value - example.at(key).get<double>()) <= tolerance) << key << ": " << value;
    };
    const Quality& quality = analysis->configurations.at(0).quality;
    near("accuracy", quality.accuracy, 1e-12);
    near("macro_f1", quality.macro_f1, 1e-12);
    near("macro_f1_sklearn", quality.macro_f1_sklearn, 1e-12);
    near("negative_log_likelihood", quality.negative_log_likelihood.value_or(-1.0), 1e-12);
    ASSERT_TRUE(analysis->configurations.at(0).calibration.has_value());
    const Calibration& calibration = *analysis->configurations.at(0).calibration;
    near("ece_raw", calibration.ece_raw, 1e-12);
    near("temperature_all", calibration.temperature_all.value, 1e-9);
    near("ece_cross_fitted", calibration.ece_cross_fitted.value_or(-1.0), 1e-9);
  }
}

}  // namespace
}  // namespace quantier
