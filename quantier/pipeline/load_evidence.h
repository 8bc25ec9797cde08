// What the load tests of a store say about a rate that an envelope asks for.
//
// A confirmed rate is evidence at the percentile and under the bound that it was tested at, and so for every
// lower percentile and every wider bound; for a stricter demand it shows nothing. Of several tests of a run
// that are evidence the last one counts: one that confirmed nothing takes an earlier rate back, unless it was
// interrupted before it knew. A test of one asked rate says nothing about higher ones. Errors: of the store.
#pragma once

#include <map>
#include <string>

#include "quantier/base/error.h"
#include "quantier/decide/envelope.h"
#include "quantier/evidence/store.h"

namespace quantier {

// By run key; a run is in one of the two, or in neither when nobody tested it.
struct LoadEvidence {
  std::map<std::string, double> confirmed;     // requests per second
  std::map<std::string, std::string> why_not;  // what was tested, and what to run
};

[[nodiscard]] Result<LoadEvidence> load_evidence_of(Store& store, const Envelope& envelope);

}  // namespace quantier
