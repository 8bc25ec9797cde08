// Which evidence a note has to show, and whether it does.
//
// A demand is met by what was recognised in the note, not by its headings: numbers that were matched to facts
// of the kind, names that the evidence calls dominated, a limit with those that fail it. So a table, a
// paragraph and a list meet it alike, and a heading without content does not. Absent is only what is really
// nowhere: where the note speaks of the topic in words that were not understood, or a number that could not
// be checked may be what is asked for, a demand is not checked. Built in: data/demands.toml, versioned.
// Errors: kBug when it does not read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quantier/audit/match.h"

namespace quantier {

struct DemandWay {
  std::string check;   // "cover", "statement", "limits", "failures", "variety"
  std::string each;    // of cover
  std::string window;  // of statement
  std::vector<std::vector<std::string>> metrics;
  bool metrics_of_limits = false;
  std::vector<std::string> fits;
  std::vector<std::string> roles;
  std::vector<std::vector<std::string>> words;
  std::vector<std::string> without;  // words that must not be said in it
  std::vector<std::string> names;
  std::size_t least = 0;
};

struct Demand {
  std::string id;
  std::string section;
  std::string asks;
  std::string needs;  // "prior", "earlier-calibration": asked only where there is such a thing
  std::vector<DemandWay> ways;
  std::vector<DemandWay> topics;  // statements by which a note speaks of it at all
};

struct Demands {
  int version = 0;
  std::vector<Demand> list;
};

[[nodiscard]] Result<Demands> builtin_demands();

enum class DemandStatus : std::uint8_t { kPresent, kAbsent, kNotApplicable, kNotChecked };
[[nodiscard]] const char* demand_status_name(DemandStatus status);

struct DemandFinding {
  DemandStatus status = DemandStatus::kAbsent;
  std::vector<std::string> missing;  // "encoder int8: memory"; empty where nothing of it is there
  std::string why;                   // of what is not applicable or could not be checked
};

[[nodiscard]] DemandFinding check_demand(const Demand& demand, const std::vector<Passage>& passages,
                                         const std::vector<CheckedNumber>& numbers,
                                         const AuditEvidence& evidence, const Published& published);

}  // namespace quantier
