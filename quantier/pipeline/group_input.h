// Groupings of examples as the user gives them: "where else did it land", asked after the tiers.
//
//   FILE.json     {"id": "group", ...}: the grouping is called as the file ("regions")
//   FILE#KEY      a group for each example: an array, member or column, called KEY
//   KEY           a column of the data file (where there is a data file)
//
// Joined by ids where both sides have them, otherwise row by row; an id that the grouping does not know is in
// no group, and is counted in a remark. A grouping that knows none of the examples is an error: it belongs to
// other data. What is compared over groups is exploratory (analysis.h), whatever it is grouped by.
// Errors: those of the readers; kUserInput for a file that does not fit the examples.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/dataset/dataset.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {

// The examples that are to be grouped.
struct GroupedExamples {
  std::string source;  // for errors
  std::size_t count = 0;
  std::span<const std::string> ids;  // [count], or empty
};

struct GroupInput {
  ExampleGroups groups;
  std::vector<std::string> remarks;
};

// FILE.json or FILE#KEY.
[[nodiscard]] Result<GroupInput> groups_from_request(const std::string& request,
                                                     const GroupedExamples& examples);
// A column of a file of labelled texts, read as `names` says.
[[nodiscard]] Result<GroupInput> groups_from_data(const std::filesystem::path& data, const ColumnNames& names,
                                                  const std::string& column, const GroupedExamples& examples);

}  // namespace quantier
