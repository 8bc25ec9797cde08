// Pieces of a report that need no statistics: the envelope as the decision reads it, what stands in the
// appendix, and writing the note's files.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/decide/envelope.h"
#include "quantier/evidence/store.h"
#include "quantier/note/document.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/record/run.h"

namespace quantier {

// Without [envelope] nothing constrains, and the margins are the defaults. Errors: those of envelope_of().
[[nodiscard]] Result<Envelope> envelope_for(const RunConfig& config, const MetricNames& names);

// Protocol, machine, versions, hashes, batch-size fallbacks and failures.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> appendix_for(
    const RunConfig& config, const std::vector<Run>& runs, const std::vector<FailureRecord>& failures);

// Remarks of the executed plans, each once.
[[nodiscard]] std::vector<std::string> plan_remarks_of(const std::vector<Run>& runs);

// A figure of the note as a file of its own.
[[nodiscard]] std::string standalone_svg(const std::string& svg);

struct NoteFiles {
  std::filesystem::path markdown;  // DIR/note.md, with its figures in DIR/figures/
  std::filesystem::path html;      // DIR/note.html, self-contained
  std::filesystem::path pdf;       // DIR/note.pdf
  // What a person wrote into the note.md that lay there is kept (note/keep_blocks.h); a sentence for each
  // number in it that the evidence no longer carries.
  std::vector<std::string> kept_changes = {};
  std::vector<std::string> pdf_remarks = {};  // what the PDF could not show as it is
};
// Errors: those of keep blocks that do not read; then nothing is written.
// With `input`, from which the document was built, the page opens with a decision card and decides again.
[[nodiscard]] Result<NoteFiles> write_note_files(const NoteDocument& document,
                                                 const std::filesystem::path& directory,
                                                 const NoteInput* input = nullptr);

}  // namespace quantier
