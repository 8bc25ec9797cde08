// The two words of a verdict: how strong the evidence is, and how large the effect.
//
// Evidence: `established` needs Holm p < 0.05 and a replication probability R >= 0.8 (and an interval without
// 0, so that the stronger word always implies the weaker one); `directional` needs only the 95 % interval to
// exclude 0; else `unresolved`. Size, against a margin declared before measuring: `negligible` when the
// interval lies inside (-margin, margin), `material` when it lies outside on one side, else `undetermined`.
// NaN never earns the stronger word.
#pragma once

#include <cstdint>

#include "quantier/stats/estimators/interval.h"

namespace quantier {

enum class EvidenceWord : std::uint8_t { kEstablished, kDirectional, kUnresolved };
enum class SizeWord : std::uint8_t { kNegligible, kMaterial, kUndetermined };

// "established", "directional", "unresolved"; "negligible", "material", "undetermined".
[[nodiscard]] const char* evidence_word_name(EvidenceWord word);
[[nodiscard]] const char* size_word_name(SizeWord word);

[[nodiscard]] EvidenceWord evidence_word(const Interval& interval, double holm_p, double replication);
[[nodiscard]] SizeWord size_word(const Interval& interval, double margin);

}  // namespace quantier
