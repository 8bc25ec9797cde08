#include "quantier/record/load.h"

namespace quantier {

const char* load_trial_kind_name(LoadTrialKind kind) {
  return kind == LoadTrialKind::kConfirm ? "confirm" : "search";
}

const char* load_verdict_name(LoadVerdict verdict) {
  switch (verdict) {
    case LoadVerdict::kSustained:
      return "sustained";
    case LoadVerdict::kWithin:
      return "within";
    case LoadVerdict::kExceeded:
      return "exceeded";
    case LoadVerdict::kOverloaded:
      return "overloaded";
  }
  return "exceeded";
}

}  // namespace quantier
