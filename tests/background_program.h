// Runs the built program beside the test, so that the test can stop, interrupt or kill it and its workers.
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace quantier::testing {

// State letter and parent of a process, as /proc tells; nullopt when there is none.
struct ProcessState {
  char state = '?';
  pid_t parent = 0;
};
inline std::optional<ProcessState> process_state(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // "pid (name) S parent ...": the name may hold anything, so count from its last parenthesis.
  const std::size_t end = line.rfind(") ");
  if (end == std::string::npos) return std::nullopt;
  ProcessState state;
  state.state = line[end + 2];
  state.parent = static_cast<pid_t>(std::atol(line.c_str() + end + 4));
  return state;
}

inline bool is_running(pid_t pid) {
  const auto state = process_state(pid);
  return state && state->state != 'Z' && state->state != 'X';
}

class BackgroundProgram {
 public:
  // Output goes to the files `out` and `err`.
  BackgroundProgram(const std::vector<std::string>& arguments, const std::filesystem::path& out,
                    const std::filesystem::path& err) {
    std::vector<std::string> words{QUANTIER_BINARY};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    const auto open_as = [](const char* path, int flags, int fd) {
      const int opened = ::open(path, flags, 0600);
      if (opened < 0 || ::dup2(opened, fd) < 0) _exit(127);
    };
    open_as("/dev/null", O_RDONLY, 0);
    open_as(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 1);
    open_as(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 2);
    ::execv(QUANTIER_BINARY, pointers.data());
    _exit(127);
  }
  BackgroundProgram(const BackgroundProgram&) = delete;
  BackgroundProgram& operator=(const BackgroundProgram&) = delete;
  ~BackgroundProgram() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }

  // The next worker that this has not given before; 0 when none comes before the program ends or time is up.
  // It is stopped at once, so that the test decides what happens to it.
  pid_t stop_next_worker() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline && is_running(pid_)) {
      for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const pid_t pid = static_cast<pid_t>(std::atol(entry.path().filename().c_str()));
        if (pid <= 0 || seen_.contains(pid)) continue;
        const auto state = process_state(pid);
        if (!state || state->parent != pid_ || state->state == 'Z' || !has_become_worker(pid)) continue;
        ::kill(pid, SIGSTOP);
        seen_.insert(pid);
        return pid;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ADD_FAILURE() << "no worker came";
    return 0;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  // Exit code, 128 + signal when it was killed, -1 when it does not end.
  int wait() {
    if (pid_ <= 0) return -1;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(pid_, &status, WNOHANG)) == 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (ended == 0) return -1;
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  // Not before: until the new process runs the worker, its parent waits inside the system call that made it.
  static bool has_become_worker(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
    const std::string words((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return words.ends_with(std::string("\0worker\0", 8));
  }

  static constexpr auto kPatience = std::chrono::seconds(120);
  pid_t pid_ = 0;
  std::set<pid_t> seen_;
};

// Whether the process is gone within a few seconds.
inline bool ends_soon(pid_t pid) {
  for (int i = 0; i < 1000 && is_running(pid); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return !is_running(pid);
}

}  // namespace quantier::testing
