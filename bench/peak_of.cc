// Runs a command and says what the system counted of it:  peak_of FIGURES COMMAND [ARGUMENT...]
// FIGURES gets one line: largest resident set in bytes, wall seconds, processor seconds (user and system).
// The kernel's own high-water mark, taken from outside when the process has ended. Ends as the command ends.
#include <cstdio>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "quantier/base/clock.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: peak_of FIGURES COMMAND [ARGUMENT...]\n");
    return 2;
  }
  const quantier::Stopwatch watch;
  const pid_t child = ::fork();
  if (child == 0) {
    ::execvp(argv[2], argv + 2);
    std::perror(argv[2]);
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || ::wait4(child, &status, 0, &usage) != child) {
    std::perror("peak_of");
    return 1;
  }
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  std::ofstream(argv[1]) << fmt::format("{} {:.3f} {:.3f}\n", usage.ru_maxrss * 1024,
                                        static_cast<double>(watch.elapsed_ns()) * 1e-9,
                                        seconds(usage.ru_utime) + seconds(usage.ru_stime));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
