// What a load test holds fixed: checks of what was asked for, and the size of a trial.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/thread_pool.h"
#include "quantier/pipeline/load.h"
#include "quantier/pipeline/load_search.h"
#include "quantier/stats/estimators/percentile_interval.h"

namespace quantier {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;
constexpr double kNanosecondsPerMs = 1e6;
constexpr double kUsualDurationS = 10.0;
constexpr double kLongestDurationS = 86400.0;
// Longer trials must be asked for by name.
constexpr double kLongestUnaskedS = 3600.0;
constexpr double kMostRequests = 1e7;
constexpr std::uint64_t kFullBatchesPerTrial = 10;

Status check_range(const char* flag, double value, double low, double high, bool low_itself,
                   const std::string& hint) {
  if (std::isfinite(value) && value <= high && (value > low || (low_itself && value == low))) return {};
  return fail(
      ErrorKind::kUsage, fmt::format("{} cannot be {}", flag, value), "",
      fmt::format("it must be {} {} and at most {}", low_itself ? "at least" : "greater than", low, high),
      hint);
}

Status check_values(const LoadOptions& options) {
  if (options.rate) {
    QT_TRY_STATUS(check_range("--rate", *options.rate, 0.0, kHighestLoadRate, false,
                              "requests per second, such as 100"));
  }
  if (!(options.percentile > 0.0 && options.percentile < 100.0)) {
    return fail(ErrorKind::kUsage, fmt::format("--percentile cannot be {}", options.percentile), "",
                "a percentile lies between 0 and 100", "99 means that 99 % of the requests are faster");
  }
  QT_TRY_STATUS(check_range("--percentile", options.percentile, 0.01, 99.999, true,
                            "beyond that no trial has enough requests"));
  QT_TRY_STATUS(check_range("--bound-ms", options.bound_ms, 0.0, 3.6e6, false, "milliseconds, such as 50"));
  QT_TRY_STATUS(check_range("--batch", static_cast<double>(options.max_batch), 1.0, 65536.0, true,
                            "1 serves every request alone"));
  QT_TRY_STATUS(check_range("--max-wait-ms", options.max_wait_ms, 0.0, 3.6e6, true,
                            "0 starts as soon as there is a request"));
  QT_TRY_STATUS(
      check_range("--repeats", static_cast<double>(options.repeats), 1.0, 1000.0, true, "3 is usual"));
  QT_TRY_STATUS(
      check_range("--resolution", options.resolution, 0.001, 1.0, true, "0.05 finds the rate within 5 %"));
  if (options.max_length == 0) {
    return fail(ErrorKind::kUsage, "--max-length cannot be 0", "", "nothing would be left to classify");
  }
  if (options.duration_s) {
    QT_TRY_STATUS(check_range("--duration", *options.duration_s, 0.0, kLongestDurationS, false,
                              "seconds measured in each trial"));
  }
  if (options.warm_up_s) {
    QT_TRY_STATUS(check_range("--warm-up", *options.warm_up_s, 0.0, kLongestDurationS, true,
                              "seconds before each trial is measured"));
  }
  return {};
}

std::string seconds(double value) {
  return value < 120.0 ? fmt::format("{:.0f} s", std::ceil(value))
                       : fmt::format("{:.0f} min", std::ceil(value / 60.0));
}

Status check_size(const LoadOptions& options, const LoadProtocol& protocol, std::uint64_t fewest) {
  if (!options.rate) return {};
  const double rate = *options.rate;
  const double needed_s = static_cast<double>(protocol.trial_requests) / rate;
  if (options.duration_s && !options.find && rate * *options.duration_s < static_cast<double>(fewest)) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("{:g} s at {:g} requests/s are too few requests for p{:g}", *options.duration_s, rate,
                    options.percentile),
        "",
        fmt::format("about {:.0f} requests come; an upper end for p{:g} needs at least {}, which take {}",
                    rate * *options.duration_s, options.percentile, fewest,
                    seconds(static_cast<double>(fewest) / rate)),
        "choose a longer --duration or a lower --percentile");
  }
  if (!options.duration_s && needed_s > kLongestUnaskedS) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("p{:g} at {:g} requests/s takes {} a trial", options.percentile, rate, seconds(needed_s)),
        "", fmt::format("it needs {} requests", protocol.trial_requests),
        fmt::format("choose a lower --percentile, or say --duration {:.0f} to really do it (at least "
                    "{:.0f})",
                    std::ceil(needed_s), std::ceil(static_cast<double>(fewest) / rate)));
  }
  const double requests = std::max(static_cast<double>(protocol.trial_requests),
                                   rate * static_cast<double>(protocol.trial_ns) / kNanosecondsPerSecond) +
                          rate * static_cast<double>(protocol.warm_up_ns) / kNanosecondsPerSecond;
  if (requests > kMostRequests) {
    return fail(ErrorKind::kUsage, fmt::format("a trial would have {:.0f} requests", requests), "",
                fmt::format("at most {:.0f} are kept", kMostRequests), "choose a shorter --duration");
  }
  return {};
}

}  // namespace

Result<LoadProtocol> plan_load(const LoadOptions& options) {
  QT_TRY_STATUS(check_values(options));
  const double q = options.percentile / 100.0;
  const std::uint64_t fewest = samples_for_interval(q);
  // An interval that spans half of what lies beyond the percentile on either side, or two points.
  const double margin = std::min({0.5 * (1.0 - q), 0.5 * q, 0.02});
  const std::uint64_t usual = std::max(fewest, samples_for_margin(q, margin));
  if (static_cast<double>(usual) > kMostRequests) {
    return fail(ErrorKind::kUsage, fmt::format("p{} needs {} requests in a trial", options.percentile, usual),
                "", fmt::format("at most {:.0f} are kept", kMostRequests), "choose another --percentile");
  }
  LoadProtocol protocol;
  protocol.percentile = options.percentile;
  protocol.bound_ns = std::max<std::int64_t>(1, std::llround(options.bound_ms * kNanosecondsPerMs));
  protocol.max_batch = static_cast<std::uint32_t>(options.max_batch);
  protocol.max_wait_ns = std::llround(options.max_wait_ms * kNanosecondsPerMs);
  protocol.trial_requests =
      std::max(options.duration_s ? fewest : usual, kFullBatchesPerTrial * protocol.max_batch);
  const double duration_s = options.duration_s.value_or(kUsualDurationS);
  protocol.trial_ns = std::llround(duration_s * kNanosecondsPerSecond);
  protocol.warm_up_ns =
      std::llround(options.warm_up_s.value_or(std::max(1.0, 0.1 * duration_s)) * kNanosecondsPerSecond);
  protocol.repeats = static_cast<std::uint32_t>(options.repeats);
  protocol.resolution = options.resolution;
  protocol.threads =
      options.threads != 0 ? options.threads : static_cast<std::uint32_t>(available_processors());
  protocol.max_length = options.max_length;
  QT_TRY_STATUS(check_size(options, protocol, fewest));
  return protocol;
}

}  // namespace quantier
