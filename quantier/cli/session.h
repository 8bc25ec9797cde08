// What every command shares: where results and messages go, how errors become exit codes, and Ctrl-C.
//
// Results go to standard output and nothing else does; errors, remarks and progress go to standard error. A
// progress line is drawn only on a terminal. With --json a command prints exactly one JSON document, errors
// included.
#pragma once

#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"

namespace quantier::cli {

// Stable: scripts depend on them. 2 is also what the option parser returns.
enum class ExitCode : int {
  kOk = 0,
  kRuntimeFailure = 1,  // the machine said no: disk, memory, a worker that died
  kUsage = 2,
  kNoCandidate = 3,    // the decision: nothing satisfies the envelope
  kBadInput = 6,       // a file is malformed or says something that cannot be used
  kUnsupported = 7,    // understood, and not offered here
  kToLookAt = 8,       // a note against its evidence: something a person must look at
  kInterrupted = 130,  // Ctrl-C (143 for a termination signal)
};

[[nodiscard]] int exit_code_for(const Error& error, int signal);

// A message that cannot be written (a full disk behind 2>) changes no exit code.
void to_standard_error(std::string_view text);

class Session {
 public:
  bool json = false;
  int exit_code = 0;  // set by the command that ran
  Interrupt interrupt;

  // Installs handlers for SIGINT and SIGTERM: the first asks the work to stop, the second ends the process.
  void watch_signals();
  // Prints the error and sets exit_code.
  void report(const Error& error);
  void print_json(const Json& document) const;
  // A remark on standard error.
  void remark(std::string_view text);
  // Draws "stage  123/456  27%  about 1:20 left" on a terminal; silent elsewhere.
  [[nodiscard]] ProgressFunction progress();
  // Removes the progress line.
  void end_progress();

 private:
  bool line_is_open_ = false;
  std::string stage_;
  std::int64_t stage_started_ns_ = 0;
  std::int64_t last_drawn_ns_ = 0;
};

}  // namespace quantier::cli
