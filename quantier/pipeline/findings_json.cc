// How findings stand in the store and in --json.
#include "quantier/base/sha256.h"
#include "quantier/pipeline/findings.h"

namespace quantier {

Json findings_to_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    Json arithmetic = Json::array();
    for (const auto& [what, how] : finding.arithmetic) arithmetic.push_back({{"what", what}, {"how", how}});
    Json fields = Json::array();
    for (const FindingField& field : finding.fields) {
      fields.push_back(
          {{"name", field.name},
           {"numbers", field.numbers},
           {"interval",
            field.interval ? Json::array({field.interval->first, field.interval->second}) : Json(nullptr)}});
    }
    list.push_back({{"name", finding.name},
                    {"statement", finding.statement},
                    {"estimate", finding.estimate},
                    {"interval", finding.interval ? Json{{"low", finding.interval->low},
                                                         {"high", finding.interval->high},
                                                         {"level", finding.interval->level},
                                                         {"method", finding.interval->method}}
                                                  : Json(nullptr)},
                    {"n", finding.n},
                    {"seed", finding.seed ? Json(*finding.seed) : Json(nullptr)},
                    {"verdict", finding.verdict.empty() ? Json(nullptr) : Json(finding.verdict)},
                    {"exploratory", finding.exploratory},
                    {"runs", finding.runs},
                    {"arithmetic", std::move(arithmetic)},
                    {"fields", std::move(fields)}});
  }
  return list;
}

Result<std::vector<Finding>> findings_from_json(std::string_view text, std::string_view source) {
  QT_TRY(const Json list, parse_json(text, source));
  std::vector<Finding> findings;
  try {
    for (const Json& entry : list) {
      Finding finding;
      finding.name = entry.at("name").get<std::string>();
      finding.statement = entry.at("statement").get<std::string>();
      finding.estimate = entry.at("estimate").get<double>();
      if (const Json& interval = entry.at("interval"); !interval.is_null()) {
        finding.interval =
            Interval{interval.at("low").get<double>(), interval.at("high").get<double>(),
                     interval.at("level").get<double>(), interval.at("method").get<std::string>()};
      }
      finding.n = entry.at("n").get<std::uint64_t>();
      if (!entry.at("seed").is_null()) finding.seed = entry.at("seed").get<std::uint64_t>();
      if (!entry.at("verdict").is_null()) finding.verdict = entry.at("verdict").get<std::string>();
      finding.exploratory = entry.at("exploratory").get<bool>();
      finding.runs = entry.at("runs").get<std::vector<std::string>>();
      for (const Json& line : entry.at("arithmetic")) {
        finding.arithmetic.emplace_back(line.at("what").get<std::string>(),
                                        line.at("how").get<std::string>());
      }
      // Stores of earlier versions have none.
      for (const Json& field : entry.value("fields", Json::array())) {
        FindingField read{field.at("name").get<std::string>(),
                          field.at("numbers").get<std::vector<double>>()};
        if (const Json& interval = field.at("interval"); !interval.is_null()) {
          read.interval = std::pair(interval.at(0).get<double>(), interval.at(1).get<double>());
        }
        finding.fields.push_back(std::move(read));
      }
      findings.push_back(std::move(finding));
    }
  } catch (const Json::exception& error) {
    return fail(ErrorKind::kCorruptData, "the findings in the store do not read", std::string(source),
                error.what(), "make them again with `quantier report`");
  }
  return findings;
}

std::pair<std::string, std::string> findings_key_row(const std::vector<Finding>& findings) {
  return {kFindingsKeyRow, findings_key(findings) + " (verify holds the figures against these)"};
}

std::string findings_key(const std::vector<Finding>& findings) {
  return sha256_hex(findings_to_json(findings).dump()).substr(0, 12);
}

}  // namespace quantier
