// A number that somebody else computed and wrote down: beside a measurement, never in its place.
//
// "Reported" came with imported predictions and is about them; "earlier" is from before them: another week,
// another split, another protocol. Neither carries a verdict; Quantier recomputes what it can and says where
// it differs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace quantier {

enum class ReportedKind : std::uint8_t { kReported, kEarlier };

struct ReportedValue {
  ReportedKind kind = ReportedKind::kReported;
  std::string model;     // may be empty: about something else than one model
  std::string recipe;    // may be empty
  std::string quantity;  // "macro_f1", "ece_post", or free text
  std::string tier;      // of which it speaks; empty: everything
  std::string label;     // a class by name; empty: all
  std::string part;      // "odd positions": of a part of the examples; empty: all
  double value = 0.0;
  std::optional<int> decimals;  // digits after the point as written; absent: written in full
  std::string source;           // "summary.csv, line 3"
  std::string when;             // as the user wrote it; may be empty
  std::string how;              // likewise

  [[nodiscard]] std::string subject() const {
    std::string text = model;
    for (const std::string& more : {recipe, tier, label, part}) {
      if (!more.empty()) text += (text.empty() ? "" : " ") + more;
    }
    return text;
  }
};

}  // namespace quantier
