// Works on compression and calibration, and the sentence a note may write where a finding of its own meets
// one.
//
// A citation is evidence of somebody else's, with a scope: it stands where a finding occurred that it speaks
// of, and says where it was found. The works are data (literature/data/works.toml, built into the program);
// which of them a note cites is decided by the findings alone, so that no note carries a paper for
// decoration. Errors of parse_literature(): kUserInput with line, for a work without author, year, claim,
// scope or source, a finding nobody knows, or text that is not TOML.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/note/input.h"

namespace quantier {

enum class LiteratureFinding {
  kInt8Slower,           // "int8-slower": an int8 configuration takes longer than its reference
  kInt8Faster,           // "int8-faster": it takes less
  kInt4Loss,             // "int4-loss": an established loss in a tier at int4
  kWeaknessFound,        // "weakness-found": a resolved loss where a model was weakest
  kWeaknessNotFound,     // "weakness-not-found": compared there, and no loss is resolved
  kTemperatureRecovers,  // "temperature-recovers": held out, it halves the ECE of every configuration
  kTemperatureFails,     // "temperature-fails": of some it does not
  kHardware,             // "hardware": times of one device, asked about on another
  kFp8,                  // "fp8": a device of the comparison has FP8 units
  kCalibrationSet,       // "calibration-set": a recipe that needs one was run
  kGptq,                 // "gptq": that recipe was run
};
[[nodiscard]] std::span<const std::string_view> literature_finding_names();  // in the order above

struct LiteratureWork {
  std::string id;
  std::string author;
  int year = 0;
  std::string source;
  std::string claim;
  std::string scope;
  std::map<LiteratureFinding, std::string> meets;  // the sentence of the note
};

[[nodiscard]] Result<std::vector<LiteratureWork>> parse_literature(std::string_view toml,
                                                                   std::string_view source);
// The built-in ones.
[[nodiscard]] const std::vector<LiteratureWork>& literature();

namespace note_internal {

// Does this note hold the finding?
[[nodiscard]] bool occurred(const NoteInput& input, LiteratureFinding finding);
// What the works say to it, one sentence each; empty when it did not occur.
[[nodiscard]] std::string cited_for(const NoteInput& input, LiteratureFinding finding);

}  // namespace note_internal
}  // namespace quantier
