#include "quantier/pipeline/worker_client.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/engine/cuda_engine.h"
#include "quantier/pipeline/worker.h"
#include "quantier/record/json.h"

extern char** environ;

namespace quantier {
namespace {

constexpr int kPollMs = 100;
constexpr auto kQuitPatience = std::chrono::milliseconds(500);
constexpr std::size_t kLongestLine = std::size_t{64} << 20;
constexpr std::uint64_t kLargestBinary = std::uint64_t{4} << 30;
constexpr std::string_view kSource = "reply of a worker";

std::unexpected<Error> cannot_start(int error_number) {
  return fail(ErrorKind::kEnvironment, "cannot start a worker process", "", errno_text(error_number),
              "free memory or processes and continue with --resume");
}

void close_if_open(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

}  // namespace

Result<WorkerClient> WorkerClient::spawn(std::string name, const WorkerCommandLine& command) {
  // Close-on-exec everywhere: a worker that inherited another's pipe would keep it open after our death.
  std::array<int, 2> commands{-1, -1};
  std::array<int, 2> replies{-1, -1};
  if (::pipe2(commands.data(), O_CLOEXEC) != 0) return cannot_start(errno);
  WorkerClient client;
  client.name_ = std::move(name);
  client.to_worker_ = commands[1];
  if (::pipe2(replies.data(), O_CLOEXEC) != 0) {
    const int error = errno;
    ::close(commands[0]);
    return cannot_start(error);
  }
  client.from_worker_ = replies[0];

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, commands[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, replies[1], STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // Its own process group: Ctrl-C at the terminal reaches the parent only, which then decides.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);

  std::vector<std::string> words{"quantier"};
  if (const auto kernels = cpu::asked_kernels()) words.insert(words.end(), {"--kernel", *kernels});
  if (const int arch = asked_kernel_arch(); arch != 0)
    words.insert(words.end(), {"--kernel-arch", std::to_string(arch)});
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int error = ::posix_spawn(&client.pid_, command.executable.c_str(), &actions, &attributes,
                                  arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  ::close(commands[0]);
  ::close(replies[1]);
  if (error != 0) {
    client.pid_ = -1;
    return cannot_start(error);
  }
  return client;
}

WorkerClient::WorkerClient(WorkerClient&& other) noexcept
    : name_(std::move(other.name_)),
      pid_(std::exchange(other.pid_, -1)),
      to_worker_(std::exchange(other.to_worker_, -1)),
      from_worker_(std::exchange(other.from_worker_, -1)),
      received_(std::move(other.received_)) {}

WorkerClient& WorkerClient::operator=(WorkerClient&& other) noexcept {
  if (this == &other) return *this;
  end(false);
  name_ = std::move(other.name_);
  pid_ = std::exchange(other.pid_, -1);
  to_worker_ = std::exchange(other.to_worker_, -1);
  from_worker_ = std::exchange(other.from_worker_, -1);
  received_ = std::move(other.received_);
  return *this;
}

WorkerClient::~WorkerClient() { end(false); }

void WorkerClient::end(bool by_force) {
  close_if_open(to_worker_);
  close_if_open(from_worker_);
  if (pid_ < 0) return;
  const auto deadline = std::chrono::steady_clock::now() + kQuitPatience;
  while (!by_force && std::chrono::steady_clock::now() < deadline) {
    const pid_t ended = ::waitpid(pid_, nullptr, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno != EINTR)) {
      pid_ = -1;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ::kill(-pid_, SIGKILL);  // its whole group: what it started goes with it
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::unexpected<Error> WorkerClient::died() {
  close_if_open(to_worker_);
  close_if_open(from_worker_);
  std::string why = "it had been ended before";
  if (pid_ >= 0) {
    // It closed its output, so it is ending; one that lingers is ended.
    int status = 0;
    pid_t ended = 0;
    const auto deadline = std::chrono::steady_clock::now() + kQuitPatience;
    while ((ended = ::waitpid(pid_, &status, WNOHANG)) == 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (ended == 0) {
      ::kill(-pid_, SIGKILL);  // its whole group: what it started goes with it
      ::waitpid(pid_, &status, 0);
    }
    if (WIFSIGNALED(status)) {
      const int signal = WTERMSIG(status);
      why = fmt::format("it was ended by signal {} ({}){}", signal, ::strsignal(signal),
                        signal == SIGKILL ? ", as the system does when memory runs out" : "");
    } else {
      why = fmt::format("it ended with exit status {}", WEXITSTATUS(status));
    }
    pid_ = -1;
  }
  return fail(ErrorKind::kEnvironment, "a worker process died", name_, why,
              "the other configurations continue; repeat this one with --resume");
}

Status WorkerClient::send(std::string_view line) {
  if (to_worker_ < 0) return died();
  while (!line.empty()) {
    const ssize_t written = ::write(to_worker_, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return died();
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status WorkerClient::receive_more(const Interrupt* interrupt) {
  std::array<char, 65536> buffer;
  while (true) {
    if (stop_requested(interrupt)) {
      end(true);
      return interrupted();
    }
    if (from_worker_ < 0) return died();
    pollfd waiting{.fd = from_worker_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, kPollMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    if (ready < 0) return died();
    const ssize_t count = ::read(from_worker_, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return died();
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return {};
  }
}

Result<WorkerReply> WorkerClient::request(const Json& command, std::string_view stage,
                                          const ProgressFunction& progress, const Interrupt* interrupt) {
  // A dead worker must show as an error here, not as a signal to this process.
  struct sigaction ignore{};
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  const Status sent = send(command.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  ::sigaction(SIGPIPE, &before, nullptr);
  QT_TRY_STATUS(sent);

  while (true) {
    std::size_t newline = received_.find('\n');
    while (newline == std::string::npos) {
      if (received_.size() > kLongestLine)
        return fail(ErrorKind::kBug, "the reply of a worker has no end", name_);
      const std::size_t seen = received_.size();
      QT_TRY_STATUS(receive_more(interrupt));
      newline = received_.find('\n', seen);
    }
    const std::string line = received_.substr(0, newline);
    received_.erase(0, newline + 1);
    QT_TRY(Json body, parse_json(line, kSource));
    if (!body.is_object())
      return fail(ErrorKind::kBug, "the reply of a worker is not an object", name_, line);
    if (const auto update = body.find("progress"); update != body.end()) {
      QT_TRY(const std::uint64_t done, json_get_count(*update, "done", kSource));
      QT_TRY(const std::uint64_t total, json_get_count(*update, "total", kSource));
      if (progress) progress({stage, done, total});
      continue;
    }
    if (const auto error = body.find("error"); error != body.end()) {
      return std::unexpected(error_from_json(*error));
    }
    WorkerReply reply;
    QT_TRY(const std::uint64_t binary_bytes, json_get_count(body, "binary_bytes", kSource));
    if (binary_bytes > kLargestBinary)
      return fail(ErrorKind::kBug, "the reply of a worker is too large", name_);
    reply.binary.resize(binary_bytes);
    std::size_t filled = 0;
    while (filled < binary_bytes) {
      if (received_.empty()) QT_TRY_STATUS(receive_more(interrupt));
      const std::size_t count = std::min<std::size_t>(received_.size(), binary_bytes - filled);
      std::memcpy(reply.binary.data() + filled, received_.data(), count);
      received_.erase(0, count);
      filled += count;
    }
    reply.body = std::move(body);
    return reply;
  }
}

}  // namespace quantier
