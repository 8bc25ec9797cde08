#include "quantier/stats/estimators/verdict.h"

namespace quantier {
namespace {

constexpr double kFamilyError = 0.05;       // of the Holm-adjusted p
constexpr double kEnoughReplication = 0.8;  // chance that another split shows the same

}  // namespace

const char* evidence_word_name(EvidenceWord word) {
  switch (word) {
    case EvidenceWord::kEstablished:
      return "established";
    case EvidenceWord::kDirectional:
      return "directional";
    case EvidenceWord::kUnresolved:
      return "unresolved";
  }
  return "unresolved";
}

const char* size_word_name(SizeWord word) {
  switch (word) {
    case SizeWord::kNegligible:
      return "negligible";
    case SizeWord::kMaterial:
      return "material";
    case SizeWord::kUndetermined:
      return "undetermined";
  }
  return "undetermined";
}

// Every comparison with NaN is false, so that a value that could not be computed falls to the weaker word.
EvidenceWord evidence_word(const Interval& interval, double holm_p, double replication) {
  if (!interval.excludes_zero()) return EvidenceWord::kUnresolved;
  if (holm_p < kFamilyError && replication >= kEnoughReplication) return EvidenceWord::kEstablished;
  return EvidenceWord::kDirectional;
}

SizeWord size_word(const Interval& interval, double margin) {
  if (interval.low > -margin && interval.high < margin) return SizeWord::kNegligible;
  if (interval.low >= margin || interval.high <= -margin) return SizeWord::kMaterial;
  return SizeWord::kUndetermined;
}

}  // namespace quantier
