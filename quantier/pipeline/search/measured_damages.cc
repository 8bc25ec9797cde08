#include "quantier/pipeline/search/measured_damages.h"

#include <cerrno>
#include <fstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"

namespace quantier {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 28;

Json to_json(const TierDamage& tier) {
  return {tier.examples, tier.changed, tier.lost, tier.gained, tier.right, tier.mean_divergence};
}

// Appends a line and hands it to the system before it returns.
Status append(const std::filesystem::path& path, const std::string& line) {
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << line << '\n' << std::flush;
  if (file) return {};
  return fail(ErrorKind::kEnvironment, "cannot keep what was measured", path.string(), errno_text(errno),
              "free some space, or choose another --out");
}

Result<std::vector<TierDamage>> tiers_of(const Json& list, const std::string& where) {
  std::vector<TierDamage> tiers;
  for (const Json& row : list) {
    if (!row.is_array() || row.size() != 6 || !row[5].is_number() || !row[0].is_number_unsigned() ||
        !row[1].is_number_unsigned() || !row[2].is_number_unsigned() || !row[3].is_number_unsigned() ||
        !row[4].is_number_unsigned()) {
      return fail(ErrorKind::kCorruptData, "a measured damage cannot be read", where,
                  "expected five counts and a divergence", "remove the file; the search starts anew");
    }
    tiers.push_back({row[0].get<std::uint64_t>(), row[1].get<std::uint64_t>(), row[2].get<std::uint64_t>(),
                     row[3].get<std::uint64_t>(), row[4].get<std::uint64_t>(), row[5].get<double>()});
  }
  return tiers;
}

}  // namespace

Result<MeasuredDamages> MeasuredDamages::open(const std::filesystem::path& path, const std::string& search) {
  MeasuredDamages measured;
  if (path.empty()) return measured;
  measured.path_ = path;
  std::error_code ignored;
  const bool is_there =
      std::filesystem::exists(path, ignored) && std::filesystem::file_size(path, ignored) > 0;
  const std::string head = Json{{"search", search}}.dump();
  if (!is_there) {
    QT_TRY_STATUS(append(path, head));
    return measured;
  }
  QT_TRY(std::string content, read_text_file(path, kMaxBytes));
  // A line that a full disk or a kill cut short says nothing.
  const std::size_t end = content.rfind('\n');
  const bool is_cut = end == std::string::npos || end + 1 != content.size();
  content.resize(end == std::string::npos ? 0 : end + 1);
  std::string_view rest = content;
  std::size_t number = 0;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const std::string where = fmt::format("{}, line {}", path.string(), ++number);
    QT_TRY(const Json row, parse_json(line, where));
    if (number == 1) {
      QT_TRY(const std::string of, json_get<std::string>(row, "search", where));
      if (of == search) continue;
      return fail(ErrorKind::kUsage, "the file holds what another search measured", path.string(),
                  "model, data, sample, base recipe, tiers or program differ",
                  "remove it, or choose another --out");
    }
    QT_TRY(const std::string plan, json_get<std::string>(row, "plan", where));
    const auto list = row.find("tiers");
    if (list == row.end() || !list->is_array()) {
      return fail(ErrorKind::kCorruptData, "a measured damage cannot be read", where, "it has no tiers",
                  "remove the file; the search starts anew");
    }
    QT_TRY(measured.damages_[plan], tiers_of(*list, where));
  }
  if (number == 0) content = head + "\n";
  if (is_cut || number == 0) QT_TRY_STATUS(write_file_atomically(path, content));
  measured.found_ = measured.damages_.size();
  return measured;
}

const std::vector<TierDamage>* MeasuredDamages::find(const std::string& plan) const {
  const auto found = damages_.find(plan);
  return found == damages_.end() ? nullptr : &found->second;
}

Status MeasuredDamages::add(const std::string& plan, std::vector<TierDamage> tiers) {
  if (!path_.empty()) {
    Json rows = Json::array();
    for (const TierDamage& tier : tiers) rows.push_back(to_json(tier));
    QT_TRY_STATUS(append(path_, Json{{"plan", plan}, {"tiers", std::move(rows)}}.dump()));
  }
  damages_[plan] = std::move(tiers);
  return {};
}

}  // namespace quantier
