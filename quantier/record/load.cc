#include "quantier/record/load.h"

namespace quantier {

const char* load_trial_kind_name(LoadTrialKind kind) {
  return kind == LoadTrialKind::kConfirm ? "confirm" : "search";
}

const char* load_verdict_name(LoadVerdict verdict) {
  switch (verdict) {
    case LoadVerdict::kSustained:
      return "sustained";
    case LoadVerdict::kUnresolved:
      return "unresolved";
    case LoadVerdict::kExceeded:
      return "exceeded";
    case LoadVerdict::kOverloaded:
      return "overloaded";
  }
  return "unresolved";
}

}  // namespace quantier
