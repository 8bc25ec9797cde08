// Damages that a search has measured, in a file that grows by a line with each: an interrupted search finds
// them again.
//
// The first line says which search it belongs to (model, data, sample, base, tiers, program); a file of
// another search is refused, so that old numbers never stand for new ones. A last line that was cut short is
// dropped. Errors: kEnvironment (cannot be read or written), kUsage (another search's), kCorruptData.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/pipeline/search/damage.h"

namespace quantier {

class MeasuredDamages {
 public:
  // An empty path keeps nothing on disk.
  [[nodiscard]] static Result<MeasuredDamages> open(const std::filesystem::path& path,
                                                    const std::string& search);

  [[nodiscard]] const std::vector<TierDamage>* find(const std::string& plan) const;
  [[nodiscard]] Status add(const std::string& plan, std::vector<TierDamage> tiers);
  [[nodiscard]] std::size_t found() const { return found_; }  // when it was opened

 private:
  std::filesystem::path path_;
  std::map<std::string, std::vector<TierDamage>> damages_;
  std::size_t found_ = 0;
};

}  // namespace quantier
