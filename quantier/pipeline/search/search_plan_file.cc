#include "quantier/pipeline/search/search_plan_file.h"

#include <iterator>

#include <fmt/format.h>

#include "quantier/base/file.h"

namespace quantier {
namespace {

// Names of layers and recipes need no escapes; the path of the data may.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04X}",
                     static_cast<unsigned>(static_cast<unsigned char>(c)));
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string search_plan_text(const SearchResult& result) {
  const PlanDamage& plan = result.chosen();
  std::string text = fmt::format(
      "# Found by `quantier search`: {} bytes of resident weights within a budget of {}.\nname = {}\nbase = "
      "{}\n\n"
      "[layers]\n",
      plan.bytes, result.budget_bytes, toml_string(plan.name), toml_string(plan.rules.base));
  for (const PlanRules::Rule& rule : plan.rules.layers) {
    text += fmt::format("{} = {}\n", toml_string(rule.pattern), toml_string(rule.recipe));
  }
  text += fmt::format(
      "\n# The examples that this plan was fitted to: measured on them it looks better than it is.\n"
      "[selected_on]\ndata = {}\nsha256 = {}\nexamples = {}\nfingerprints = [\n",
      toml_string(result.data), toml_string(result.data_sha256), result.examples);
  constexpr std::size_t kOfALine = 6;
  for (std::size_t i = 0; i < result.seen.size(); ++i) {
    text += i % kOfALine == 0 ? "  " : " ";
    text += toml_string(result.seen[i]) + ",";
    if (i % kOfALine == kOfALine - 1 || i + 1 == result.seen.size()) text += "\n";
  }
  return text + "]\n";
}

Status write_search_plan(const std::filesystem::path& path, const SearchResult& result) {
  return write_file_atomically(path, search_plan_text(result));
}

}  // namespace quantier
