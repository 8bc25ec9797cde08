// The tensors that a family needs, found in the files of a model.
//
// The files must hold them exactly: all of them, nothing else, in the stated shapes. With an adapter, what it
// saved whole need not be in the base, and the base may be a pretrained model: without the classification
// head, with the head it was pretrained with, its tensors named with or without "model.". Errors:
// kCorruptData, kUnsupported (integers) with file and tensor.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/checkpoint/adapter/adapter.h"
#include "quantier/checkpoint/families/family.h"
#include "quantier/checkpoint/weight_set.h"

namespace quantier {

// Tensor of the family -> where it is. A tensor that the adapter replaces may be absent.
using FamilyTensors = std::map<std::string, WeightSet::Found, std::less<>>;

// `adapter`: null for a whole model. `where` names the model in errors. Fills spec.ignored.
[[nodiscard]] Result<FamilyTensors> match_family(const FamilyModel& model, const WeightSet& weights,
                                                 const Adapter* adapter, const std::string& where,
                                                 ModelSpec& spec);

}  // namespace quantier
