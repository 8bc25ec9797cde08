// Starts a worker process and talks to it.
//
// The worker is this same program, re-executed, so the binary that gave the accuracy is the one that gives
// the latency. Errors: what the worker reports, as it reports it; kEnvironment when it dies, with the signal
// or exit status; kInterrupted (the worker is then ended).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"

namespace quantier {

struct WorkerCommandLine {
  std::string executable = "/proc/self/exe";
  std::vector<std::string> arguments = {"worker"};
};

struct WorkerReply {
  Json body;
  std::vector<std::byte> binary;
};

class WorkerClient {
 public:
  // `name` appears in errors and as the stage of progress: "demo-encoder int8".
  [[nodiscard]] static Result<WorkerClient> spawn(std::string name, const WorkerCommandLine& command = {});
  WorkerClient(WorkerClient&& other) noexcept;
  WorkerClient& operator=(WorkerClient&& other) noexcept;
  WorkerClient(const WorkerClient&) = delete;
  WorkerClient& operator=(const WorkerClient&) = delete;
  // Ends the process: by closing its input, and by force if it has not ended shortly after.
  ~WorkerClient();

  [[nodiscard]] Result<WorkerReply> request(const Json& command, std::string_view stage = {},
                                            const ProgressFunction& progress = {},
                                            const Interrupt* interrupt = nullptr);
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  WorkerClient() = default;
  Status send(std::string_view line);
  Status receive_more(const Interrupt* interrupt);
  std::unexpected<Error> died();
  void end(bool by_force);

  std::string name_;
  pid_t pid_ = -1;
  int to_worker_ = -1;
  int from_worker_ = -1;
  std::string received_;
};

}  // namespace quantier
