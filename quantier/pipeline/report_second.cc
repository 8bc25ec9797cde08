#include "quantier/pipeline/report_second.h"

#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/sha256.h"
#include "quantier/base/utf8.h"
#include "quantier/pipeline/group_input.h"

namespace quantier {
namespace {

// The file may have changed since; then its rows are not those of the run.
Status check_data_is_measured(const RunConfig& config, const Run& run) {
  if (run.provenance.origin != RunOrigin::kMeasured || run.provenance.data_sha256.empty()) return {};
  QT_TRY(const std::string hash, sha256_hex_of_file(config.data.path));
  if (hash == run.provenance.data_sha256) return {};
  return fail(ErrorKind::kUserInput, "the data file is not the one that was measured",
              config.data.path.string(),
              "its content has changed since, so its groups may belong to other texts",
              "measure again, or group by a file from id to group");
}

Result<GroupInput> group_column(const RunConfig& config, const Run& run, const std::string& column,
                                const GroupedExamples& examples) {
  const auto stored = run.predictions.groups.find(column);
  if (stored != run.predictions.groups.end()) return GroupInput{{column, stored->second}, {}};
  QT_TRY_STATUS(check_data_is_measured(config, run));
  if (run.limit && run.predictions.ids.empty()) {
    return fail(ErrorKind::kUserInput, fmt::format("cannot group by \"{}\"", printable(column, 60)),
                config.data.path.string(),
                "the run is a sample of the data, and without ids nothing says which rows are in it",
                "name an id column under [data] and measure again");
  }
  return groups_from_data(config.data.path, config.data.columns, column, examples);
}

}  // namespace

Result<ReportGroups> groups_for_report(const RunConfig& config, const std::vector<Run>& runs) {
  ReportGroups all;
  const Predictions& first = runs.front().predictions;
  const GroupedExamples examples{runs.front().configuration.display(), first.example_count, first.ids};
  const auto add = [&](GroupInput input) {
    all.groups.push_back(std::move(input.groups));
    for (std::string& remark : input.remarks) all.remarks.push_back(std::move(remark));
  };
  for (const std::string& column : config.analysis.group_columns) {
    QT_TRY(GroupInput input, group_column(config, runs.front(), column, examples));
    add(std::move(input));
  }
  for (const std::string& file : config.analysis.group_files) {
    QT_TRY(GroupInput input, groups_from_request(file, examples));
    add(std::move(input));
  }
  return all;
}

Result<std::vector<Run>> second_split_for_report(const RunConfig& config, Store& store,
                                                 const std::vector<Run>& runs) {
  std::vector<Run> second;
  const std::string& split = config.analysis.second_split;
  if (split.empty()) return second;
  QT_TRY(const std::vector<RunSummary> summaries, store.runs());
  const auto examples_of = [](const RunSummary& run) {
    return std::tie(run.limit, run.examples, run.classes);
  };
  const RunSummary* latest = nullptr;
  for (const RunSummary& summary : summaries) {
    if (summary.split == split) latest = &summary;
  }
  if (latest == nullptr) {
    return fail(ErrorKind::kUsage, fmt::format("the store holds no run over \"{}\"", printable(split, 60)),
                store.path(), "`second_split` under [analysis] asks for it",
                "measure the same configurations over it into the same store, with --resume");
  }
  for (const Run& run : runs) {
    const RunSummary* found = nullptr;
    for (const RunSummary& summary : summaries) {
      const ConfigurationId& id = summary.configuration;
      const bool same = id.model == run.configuration.model && id.recipe == run.configuration.recipe &&
                        id.device == run.configuration.device;
      if (same && summary.split == split && examples_of(summary) == examples_of(*latest)) found = &summary;
    }
    // What is missing is said by the comparison that misses it.
    if (found == nullptr) continue;
    QT_TRY(Run loaded, store.load_run(found->key));
    second.push_back(std::move(loaded));
  }
  return second;
}

}  // namespace quantier
