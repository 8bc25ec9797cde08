#include <toml++/toml.h>

#include "quantier/audit/builtin.h"
#include "quantier/audit/demand.h"
#include "quantier/audit/toml_texts.h"

namespace quantier {
namespace {

using audit_internal::texts_of;

std::vector<std::vector<std::string>> lists_of(const toml::node* node) {
  std::vector<std::vector<std::string>> lists;
  if (node == nullptr || node->as_array() == nullptr) return lists;
  for (const toml::node& item : *node->as_array()) lists.push_back(texts_of(&item));
  return lists;
}

DemandWay way_of(const toml::table& table) {
  DemandWay way;
  way.check = table["check"].value_or(std::string());
  way.each = table["each"].value_or(std::string());
  way.window = table["window"].value_or(std::string());
  way.metrics_of_limits = table["metrics"].value_or(std::string()) == "limits";
  way.metrics = lists_of(table.get("metrics"));
  way.fits = texts_of(table.get("fits"));
  way.roles = texts_of(table.get("roles"));
  way.words = lists_of(table.get("words"));
  way.without = texts_of(table.get("without"));
  way.names = texts_of(table.get("names"));
  way.least = static_cast<std::size_t>(table["least"].value_or<std::int64_t>(0));
  return way;
}

}  // namespace

Result<Demands> builtin_demands() {
  Demands demands;
  try {
    const toml::table table = toml::parse(audit_internal::builtin_demands());
    demands.version = static_cast<int>(table["version"].value_or<std::int64_t>(0));
    if (const toml::array* list = table["demand"].as_array()) {
      for (const toml::node& node : *list) {
        const toml::table& entry = *node.as_table();
        Demand demand;
        demand.id = entry["id"].value_or(std::string());
        demand.section = entry["section"].value_or(std::string());
        demand.asks = entry["asks"].value_or(std::string());
        demand.needs = entry["needs"].value_or(std::string());
        if (const toml::array* ways = entry["way"].as_array()) {
          for (const toml::node& way : *ways) demand.ways.push_back(way_of(*way.as_table()));
        }
        if (const toml::array* topics = entry["topic"].as_array()) {
          for (const toml::node& topic : *topics) demand.topics.push_back(way_of(*topic.as_table()));
        }
        demands.list.push_back(std::move(demand));
      }
    }
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::kBug, "the built-in demands do not read", "demands.toml",
                std::string(error.description()));
  }
  return demands;
}

}  // namespace quantier
