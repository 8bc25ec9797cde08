#include "quantier/checkpoint/adapter/adapter_targets.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace {

// For all patterns against all modules together. Honest adapters take milliseconds.
constexpr std::int64_t kPatienceNs = 10'000'000'000;

// `module` is meant by `name`: the same, or its end behind a dot.
bool is_meant(std::string_view module, std::string_view name) {
  return module == name || (module.size() > name.size() && module.ends_with(name) &&
                            module[module.size() - name.size() - 1] == '.');
}

Result<std::vector<PythonPattern>> compile_all(const auto& table, const std::string& source,
                                               const char* key) {
  std::vector<PythonPattern> patterns;
  for (const auto& [text, unused] : table) {
    QT_TRY(PythonPattern pattern,
           PythonPattern::compile(text, fmt::format("{}, {}", source, key), R"((.*\.)?()", ")$"));
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

std::optional<std::int64_t> number_between_dots(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  const std::string digits(text.substr(0, dot));
  std::int64_t value = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error != std::errc() || end != last || value < 0) return std::nullopt;
  return value;
}

}  // namespace

Result<AdapterTargets> AdapterTargets::create(const AdapterConfig& config, std::string_view source) {
  AdapterTargets targets(config, std::string(source));
  targets.started_ns_ = monotonic_ns();
  const auto compile = [&](const ModuleNames& names, const char* key,
                           std::optional<PythonPattern>& out) -> Status {
    if (!names.pattern) return {};
    QT_TRY(out, PythonPattern::compile(*names.pattern, fmt::format("{}, {}", source, key)));
    return {};
  };
  QT_TRY_STATUS(compile(config.targets, "target_modules", targets.target_));
  QT_TRY_STATUS(compile(config.excluded, "exclude_modules", targets.excluded_));
  for (const std::string& name : config.saved_modules) {
    QT_TRY(PythonPattern pattern, PythonPattern::compile(name, fmt::format("{}, modules_to_save", source),
                                                         R"((^|.*\.))", R"(($|\..*))"));
    targets.saved_.push_back(std::move(pattern));
  }
  QT_TRY(targets.ranks_, compile_all(config.rank_pattern, targets.source_, "rank_pattern"));
  QT_TRY(targets.alphas_, compile_all(config.alpha_pattern, targets.source_, "alpha_pattern"));
  for (const std::string& pattern : config.layers_pattern) {
    // peft reads it as an expression; it is the name of a list of layers, and nothing else is read here.
    const bool plain = std::ranges::all_of(pattern, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '.';
    });
    if (!plain) {
      return fail(ErrorKind::kUnsupported, "\"layers_pattern\" is read as a name only", targets.source_,
                  fmt::format("it is \"{}\"", printable(pattern, 60)), "for example \"layers\"");
    }
    targets.layer_lists_.push_back(pattern);
  }
  return targets;
}

Status AdapterTargets::in_time() const {
  if (monotonic_ns() - started_ns_ < kPatienceNs) return {};
  return fail(ErrorKind::kUnsupported, "the patterns take too long", source_,
              fmt::format("{} of \"rank_pattern\" and {} of \"alpha_pattern\" are matched with every module",
                          ranks_.size(), alphas_.size()),
              "write the names of the modules out instead");
}

bool AdapterTargets::is_saved(std::string_view module) const {
  // Unlike targets, peft compares the bare ends: "head" also means "lm_head".
  return std::ranges::any_of(config_->saved_modules,
                             [&](const std::string& name) { return module.ends_with(name); });
}

// The first numbered part of the name, behind any list of layers or behind one that layers_pattern names.
Result<bool> AdapterTargets::is_transformed_layer(const std::string& module) const {
  std::optional<std::int64_t> layer;
  const std::string_view name = module;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos && !layer;
       dot = name.find('.', dot + 1)) {
    const std::optional<std::int64_t> number = number_between_dots(name.substr(dot + 1));
    if (!number) continue;
    const std::string_view list = name.substr(0, dot);
    const bool behind_any = layer_lists_.empty() && list.find('.') != std::string_view::npos;
    const bool behind_named =
        std::ranges::any_of(layer_lists_, [&](const std::string& wanted) { return is_meant(list, wanted); });
    if (behind_any || behind_named) layer = number;
  }
  return layer && std::ranges::find(config_->layers, *layer) != config_->layers.end();
}

Result<bool> AdapterTargets::is_targeted(const std::string& module, bool is_head) const {
  const auto named = [&](const ModuleNames& names) {
    return std::ranges::any_of(names.names, [&](const std::string& name) { return is_meant(module, name); });
  };
  if (named(config_->excluded)) return false;
  if (excluded_) {
    QT_TRY(const bool excluded, excluded_->matches_whole(module));
    if (excluded) return false;
  }
  for (const PythonPattern& pattern : saved_) {
    QT_TRY(const bool saved, pattern.matches_start(module));
    if (saved) return false;
  }
  if (config_->all_linear) return !(is_head && config_->for_classification);
  if (target_) return target_->matches_whole(module);
  if (std::ranges::find(config_->targets.names, module) != config_->targets.names.end()) return true;
  if (!named(config_->targets)) return false;
  return config_->layers.empty() ? Result<bool>(true) : is_transformed_layer(module);
}

Result<std::optional<TargetedModule>> AdapterTargets::find(const std::string& module, bool is_head) const {
  QT_TRY_STATUS(in_time());
  QT_TRY(const bool targeted, is_targeted(module, is_head));
  if (!targeted) return std::nullopt;
  TargetedModule found{config_->rank, 0};
  double alpha = config_->alpha;
  const auto look_up = [&](const auto& patterns, const auto& table, auto& out) -> Status {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      QT_TRY(const bool matched, patterns[i].matches_start(module));
      QT_TRY_STATUS(in_time());
      if (!matched) continue;
      out = table[i].second;
      return {};
    }
    return {};
  };
  QT_TRY_STATUS(look_up(ranks_, config_->rank_pattern, found.rank));
  QT_TRY_STATUS(look_up(alphas_, config_->alpha_pattern, alpha));
  const auto rank = static_cast<double>(found.rank);
  found.scaling = alpha / (config_->rank_stabilized ? std::sqrt(rank) : rank);
  const auto as_float = static_cast<float>(found.scaling);
  if (!(as_float > 0) || !std::isfinite(as_float)) {
    return fail(ErrorKind::kUserInput, "the scaling of the adapter cannot be used",
                fmt::format("{}, module {}", source_, module),
                fmt::format("alpha {} and rank {} make it {}", alpha, found.rank, found.scaling));
  }
  return found;
}

}  // namespace quantier
