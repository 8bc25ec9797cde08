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

}  // namespace quantier
