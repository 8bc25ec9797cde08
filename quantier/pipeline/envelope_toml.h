// Reads the [envelope] table out of an open TOML document. Include only from .cc files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantier/pipeline/envelope_config.h"
#include "quantier/pipeline/toml_section.h"

namespace quantier {

// `tiers`: names of the [tiers] table; nullopt when they are not known here (a file of limits alone), so that
// any tier is accepted until the evidence is read.
void read_envelope_table(const toml::table& table, const std::optional<std::vector<std::string>>& tiers,
                         TomlReader& reader, EnvelopeConfig& envelope);

// [[prior.claim]] of an open [prior] section. `names`: models and configurations that a claim may name;
// empty: not known here.
void read_prior_claims(TomlSection& section, const std::vector<std::string>& names, TomlReader& reader,
                       std::vector<PriorClaimConfig>& claims);

}  // namespace quantier
