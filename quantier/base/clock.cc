#include "quantier/base/clock.h"

#include <ctime>

#include <fmt/chrono.h>

namespace quantier {

std::string utc_now_rfc3339() {
  std::tm parts{};
  const std::time_t now = std::time(nullptr);
  gmtime_r(&now, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", parts);
}

}  // namespace quantier
