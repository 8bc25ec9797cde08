// Which texts a calibrated configuration was made from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quantier {

struct CalibrationRecord {
  std::string file;    // as it was named
  std::string sha256;  // of its bytes
  std::uint64_t examples_in_file = 0;
  std::uint64_t seed = 0;
  std::uint64_t texts = 0;       // that were used
  std::uint64_t tokens = 0;      // of these
  std::uint64_t cut_texts = 0;   // of these, longer than the model was given
  std::vector<std::string> ids;  // of the texts used; "#12" for the twelfth example of a file without ids
  // What the guard found between these texts and the evaluation data, one sentence each; and whether it was
  // told to let all of it pass.
  std::vector<std::string> overlaps;
  bool overlap_allowed = false;
};

}  // namespace quantier
