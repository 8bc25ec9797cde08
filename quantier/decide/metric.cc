#include "quantier/decide/metric.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/nearest_word.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace {

struct KindInfo {
  MetricKind kind;
  const char* id;
  const char* unit;
  bool less_is_better;
  const char* source;
  const char* uncertainty;
};

constexpr const char* kResampled = "paired bootstrap of the examples";
constexpr const char* kPredictions = "predictions of the split";

constexpr std::array<KindInfo, 15> kKinds = {{
    {MetricKind::kLatency, "ms", "ms/example", true, "timing samples", "bootstrap of the timing samples"},
    {MetricKind::kMacroF1, "macro-F1", "", false, kPredictions, kResampled},
    {MetricKind::kEce, "ECE", "", true, "confidences after temperature",
     "paired bootstrap of the examples, temperatures held"},
    {MetricKind::kMemory, "memory", "bytes", true, "one reading of the peak", "none: one reading"},
    {MetricKind::kTierAccuracy, "tier accuracy", "", false, kPredictions, kResampled},
    {MetricKind::kAccuracy, "accuracy", "", false, kPredictions, kResampled},
    {MetricKind::kTierMacroF1, "tier macro-F1", "", false, kPredictions, kResampled},
    {MetricKind::kClassF1, "class F1", "", false, kPredictions, kResampled},
    {MetricKind::kClassAccuracy, "class accuracy", "", false, kPredictions, kResampled},
    {MetricKind::kLatencyPercentile, "latency percentile", "ms", true, "timing samples, one text at a time",
     "bootstrap of the timing samples"},
    {MetricKind::kGateShare, "gate share", "", false, "confidences after temperature", kResampled},
    {MetricKind::kGateAccuracy, "gate accuracy", "", false, "confidences after temperature", kResampled},
    {MetricKind::kGateShareAtAccuracy, "gate share at accuracy", "", false,
     "confidences after temperature, thresholds from the other half", kResampled},
    {MetricKind::kGateAccuracyAtAccuracy, "gate accuracy at accuracy", "", false,
     "confidences after temperature, thresholds from the other half", kResampled},
    {MetricKind::kRequestsPerSecond, "requests per second", "requests/s", false, "a load test",
     "none: the highest rate that was confirmed"},
}};

const KindInfo& info(MetricKind kind) {
  return *std::find_if(kKinds.begin(), kKinds.end(), [&](const KindInfo& each) { return each.kind == kind; });
}

// Lower case, with hyphens and underscores as spaces, single spaces.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const char d = c == '-' || c == '_' || c == ' ' || c == '\t'
                       ? ' '
                       : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (d == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += d;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// "head accuracy" without " accuracy": "head".
std::optional<std::string> without_end(const std::string& text, std::string_view end) {
  if (text.size() <= end.size() || !text.ends_with(end)) return std::nullopt;
  return text.substr(0, text.size() - end.size());
}

std::optional<double> number_of(std::string_view text) {
  double value = 0.0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> find_plain(const std::vector<std::string>& names, const std::string& wanted) {
  const auto found = std::ranges::find_if(names, [&](const auto& each) { return plain(each) == wanted; });
  return found == names.end() ? std::nullopt : std::optional(*found);
}

std::unexpected<Error> unknown(std::string_view text, std::string why, std::span<const std::string> known) {
  const std::string near = nearest_name(text, known);
  std::string hint;
  if (!near.empty()) {
    hint = fmt::format("did you mean \"{}\"?", near);
  } else if (!known.empty()) {
    const std::size_t shown = std::min<std::size_t>(known.size(), 24);
    hint =
        fmt::format("known: {}{}", fmt::join(known.first(shown), ", "), shown < known.size() ? ", ..." : "");
  }
  return fail(ErrorKind::kUsage, fmt::format("the metric \"{}\" is not known", printable(text, 80)), "",
              std::move(why), std::move(hint));
}

Result<Metric> parse_gate(std::string_view text, const std::string& words) {
  Metric metric;
  std::string rest = words.substr(5);
  const bool at_accuracy = rest.starts_with("at accuracy ");
  if (at_accuracy) rest = rest.substr(12);
  const std::size_t space = rest.find(' ');
  const auto level = number_of(rest.substr(0, space));
  const std::string what = space == std::string::npos ? "" : rest.substr(space + 1);
  if (!level || !(*level > 0.0 && *level < 1.0) || (what != "share" && what != "accuracy")) {
    const std::vector<std::string> known = {"gate 0.8 share", "gate 0.8 accuracy",
                                            "gate at accuracy 0.9 share", "gate at accuracy 0.9 accuracy"};
    return unknown(text, "a gate has a number between 0 and 1, and `share` or `accuracy` after it", known);
  }
  metric.level = *level;
  if (what == "share") {
    metric.kind = at_accuracy ? MetricKind::kGateShareAtAccuracy : MetricKind::kGateShare;
  } else {
    metric.kind = at_accuracy ? MetricKind::kGateAccuracyAtAccuracy : MetricKind::kGateAccuracy;
  }
  return metric;
}

// "class NAME F1": a class may be called anything, so it stands between two fixed words.
Result<Metric> parse_class(std::string_view text, const std::string& words, const MetricNames& names) {
  const std::string rest = words.substr(6);
  Metric metric;
  std::optional<std::string> part = without_end(rest, " f1");
  metric.kind = part ? MetricKind::kClassF1 : MetricKind::kClassAccuracy;
  if (!part) part = without_end(rest, " accuracy");
  if (!part) {
    const std::vector<std::string> known = {"class NAME F1", "class NAME accuracy"};
    return unknown(text, "a class has F1 or accuracy", known);
  }
  const auto found = find_plain(names.classes, *part);
  if (!found) {
    auto error = unknown(*part, "", names.classes);
    error.error().what = fmt::format("there is no class \"{}\"", printable(*part, 80));
    error.error().where = fmt::format("metric \"{}\"", printable(text, 80));
    return error;
  }
  metric.part = *found;
  return metric;
}

std::optional<Metric> parse_fixed(const std::string& words) {
  struct Fixed {
    const char* words;
    Metric metric;
  };
  static const std::vector<Fixed> kFixed = {
      {"macro f1", {MetricKind::kMacroF1}},
      {"f1", {MetricKind::kMacroF1}},
      {"accuracy", {MetricKind::kAccuracy}},
      {"ece", {MetricKind::kEce}},
      {"cross fitted ece", {MetricKind::kEce}},
      {"raw ece", {.kind = MetricKind::kEce, .variant = "raw"}},
      {"in sample ece", {.kind = MetricKind::kEce, .variant = "in-sample"}},
      {"reported ece", {.kind = MetricKind::kEce, .variant = "reported"}},
      {"ms per example", {MetricKind::kLatency}},
      {"ms/example", {MetricKind::kLatency}},
      {"ms", {MetricKind::kLatency}},
      {"latency", {MetricKind::kLatency}},
      {"memory", {MetricKind::kMemory}},
      {"requests per second", {MetricKind::kRequestsPerSecond}},
      {"requests/s", {MetricKind::kRequestsPerSecond}},
  };
  for (const Fixed& fixed : kFixed) {
    if (words == fixed.words) return fixed.metric;
  }
  for (const char* protocol : {"throughput", "latency", "workload"}) {
    if (words == std::string(protocol) + " ms per example") {
      return Metric{.kind = MetricKind::kLatency, .variant = protocol};
    }
  }
  for (const int percentile : {50, 95, 99}) {
    if (words == fmt::format("latency p{}", percentile)) {
      return Metric{.kind = MetricKind::kLatencyPercentile, .level = static_cast<double>(percentile)};
    }
  }
  return std::nullopt;
}

}  // namespace

std::string Metric::key() const { return fmt::format("{}|{}|{}|{:g}", info(kind).id, part, variant, level); }

std::string Metric::name() const {
  switch (kind) {
    case MetricKind::kLatency:
      return variant.empty() ? "ms per example" : variant + " ms per example";
    case MetricKind::kMacroF1:
      return "macro-F1";
    case MetricKind::kEce:
      return variant.empty() ? "ECE" : variant + " ECE";
    case MetricKind::kMemory:
      return "memory";
    case MetricKind::kTierAccuracy:
      return part + " accuracy";
    case MetricKind::kAccuracy:
      return "accuracy";
    case MetricKind::kTierMacroF1:
      return part + " macro-F1";
    case MetricKind::kClassF1:
      return fmt::format("class {} F1", part);
    case MetricKind::kClassAccuracy:
      return fmt::format("class {} accuracy", part);
    case MetricKind::kLatencyPercentile:
      return fmt::format("latency p{:g}", level);
    case MetricKind::kGateShare:
      return fmt::format("gate {:g} share", level);
    case MetricKind::kGateAccuracy:
      return fmt::format("gate {:g} accuracy", level);
    case MetricKind::kGateShareAtAccuracy:
      return fmt::format("gate at accuracy {:g} share", level);
    case MetricKind::kGateAccuracyAtAccuracy:
      return fmt::format("gate at accuracy {:g} accuracy", level);
    case MetricKind::kRequestsPerSecond:
      return "requests per second";
  }
  return "unknown";
}

bool Metric::less_is_better() const { return info(kind).less_is_better; }
const char* Metric::unit() const { return info(kind).unit; }
bool Metric::is_fraction() const { return *info(kind).unit == '\0'; }
const char* Metric::source() const { return info(kind).source; }
const char* Metric::uncertainty() const { return info(kind).uncertainty; }

std::string Metric::how_to_measure() const {
  switch (kind) {
    case MetricKind::kLatency:
      return "time it with `quantier run`, or import timings with --device";
    case MetricKind::kLatencyPercentile:
      return "time single texts with `quantier run` ([timing] latency_samples: 100 for p95, 500 for p99)";
    case MetricKind::kMemory:
      return "measure it with `quantier run`, or import it with --device";
    case MetricKind::kRequestsPerSecond:
      return "test it with `quantier load`";
    case MetricKind::kTierAccuracy:
    case MetricKind::kTierMacroF1:
      return "give tiers in a [tiers] table, and predictions with labels in them";
    case MetricKind::kClassF1:
    case MetricKind::kClassAccuracy:
      return "measure on examples of the class";
    case MetricKind::kEce:
      if (variant == "reported") return "import files that report a temperature";
      return "give logits: `quantier run`, or `quantier import` of a file with logits";
    default:
      return "give logits: `quantier run`, or `quantier import` of a file with logits";
  }
}

Result<Metric> parse_metric(std::string_view text, const MetricNames& names) {
  const std::string words = plain(text);
  if (words.starts_with("gate ")) return parse_gate(text, words);
  if (words.starts_with("class ")) return parse_class(text, words, names);
  if (const auto fixed = parse_fixed(words)) return *fixed;
  if (auto tier = without_end(words, " macro f1")) {
    if (const auto found = find_plain(names.tiers, *tier)) {
      return Metric{.kind = MetricKind::kTierMacroF1, .part = *found};
    }
  }
  if (auto tier = without_end(words, " accuracy")) {
    if (const auto found = find_plain(names.tiers, *tier)) {
      return Metric{.kind = MetricKind::kTierAccuracy, .part = *found};
    }
  }
  const std::vector<std::string> known = metric_examples(names);
  const bool of_a_tier = words.ends_with(" accuracy") || words.ends_with(" macro f1");
  return unknown(text, of_a_tier && names.tiers.empty() ? "there are no tiers in this decision" : "", known);
}

std::vector<std::string> metric_examples(const MetricNames& names) {
  std::vector<std::string> known = {"macro-F1",
                                    "accuracy",
                                    "ECE",
                                    "raw ECE",
                                    "in-sample ECE",
                                    "reported ECE",
                                    "ms per example",
                                    "throughput ms per example",
                                    "latency ms per example",
                                    "workload ms per example",
                                    "latency p50",
                                    "latency p95",
                                    "latency p99",
                                    "memory",
                                    "requests per second",
                                    "gate 0.8 share",
                                    "gate 0.8 accuracy",
                                    "gate at accuracy 0.9 share",
                                    "class NAME F1",
                                    "class NAME accuracy"};
  for (const std::string& tier : names.tiers) {
    known.push_back(tier + " accuracy");
    known.push_back(tier + " macro-F1");
  }
  return known;
}

std::string nearest_name(std::string_view word, std::span<const std::string> known) {
  constexpr std::size_t kLongestWord = 128;
  if (word.size() > kLongestWord) return {};
  const std::string wanted = plain(word);
  std::string best;
  std::size_t fewest = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  for (const std::string& name : known) {
    const std::size_t edits = edit_distance(wanted, plain(name));
    if (edits < fewest) {
      fewest = edits;
      best = name;
    }
  }
  return best;
}

}  // namespace quantier
