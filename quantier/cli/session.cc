#include "quantier/cli/session.h"

#include <csignal>
#include <cstdio>
#include <unistd.h>

#include <fmt/format.h>

#include "quantier/base/clock.h"

namespace quantier::cli {
namespace {

// The signal handler needs a place to write to; there is one session per process.
Interrupt* watched = nullptr;

extern "C" void on_signal(int signal) {
  if (watched == nullptr || watched->signal.exchange(signal) != 0) _exit(128 + signal);
}

constexpr std::int64_t kRedrawIntervalNs = 100'000'000;

}  // namespace

int exit_code_for(const Error& error, int signal) {
  switch (error.kind) {
    case ErrorKind::kUsage:
      return static_cast<int>(ExitCode::kUsage);
    case ErrorKind::kUserInput:
    case ErrorKind::kCorruptData:
      return static_cast<int>(ExitCode::kBadInput);
    case ErrorKind::kUnsupported:
      return static_cast<int>(ExitCode::kUnsupported);
    case ErrorKind::kInterrupted:
      return signal != 0 ? 128 + signal : static_cast<int>(ExitCode::kInterrupted);
    case ErrorKind::kEnvironment:
    case ErrorKind::kBug:
      return static_cast<int>(ExitCode::kRuntimeFailure);
  }
  return static_cast<int>(ExitCode::kRuntimeFailure);
}

void to_standard_error(std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), stderr); }

void Session::watch_signals() {
  watched = &interrupt;
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A reader that goes away (`quantier ... | head`) shows as a write error, not as a death by signal.
  std::signal(SIGPIPE, SIG_IGN);
  // A file that grows beyond what the shell allows (ulimit -f) likewise.
  std::signal(SIGXFSZ, SIG_IGN);
}

void Session::report(const Error& error) {
  end_progress();
  exit_code = exit_code_for(error, interrupt.signal.load());
  if (json) {
    print_json(Json{{"error",
                     {{"kind", error_kind_name(error.kind)},
                      {"what", error.what},
                      {"where", error.where},
                      {"why", error.why},
                      {"hint", error.hint},
                      {"exit_code", exit_code}}}});
  } else {
    to_standard_error(fmt::format("quantier: {}\n", error.message()));
  }
}

void Session::print_json(const Json& document) const {
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

void Session::remark(std::string_view text) {
  end_progress();
  to_standard_error(fmt::format("{}\n", text));
}

ProgressFunction Session::progress() {
  if (::isatty(STDERR_FILENO) == 0) return nullptr;
  return [this](const ProgressUpdate& update) {
    const std::int64_t now = monotonic_ns();
    if (update.stage != stage_) {
      stage_ = update.stage;
      stage_started_ns_ = now;
    } else if (now - last_drawn_ns_ < kRedrawIntervalNs && update.done != update.total) {
      return;
    }
    last_drawn_ns_ = now;
    std::string text = fmt::format("{}", stage_);
    if (update.total > 0) {
      text += fmt::format("  {}/{}  {}%", update.done, update.total, 100 * update.done / update.total);
      if (update.done > 0 && update.done < update.total) {
        const double elapsed = static_cast<double>(now - stage_started_ns_) * 1e-9;
        const double left =
            elapsed / static_cast<double>(update.done) * static_cast<double>(update.total - update.done);
        text +=
            fmt::format("  about {}:{:02} left", static_cast<int>(left) / 60, static_cast<int>(left) % 60);
      }
    }
    to_standard_error("\r\x1b[K" + text);
    std::fflush(stderr);
    line_is_open_ = true;
  };
}

void Session::end_progress() {
  if (line_is_open_) to_standard_error("\r\x1b[K");
  line_is_open_ = false;
}

}  // namespace quantier::cli
