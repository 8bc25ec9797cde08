#include "quantier/measure/process_memory.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <malloc.h>
#include <optional>
#include <string>

namespace quantier {
namespace {

// The kilobytes behind "VmHWM:" as bytes.
std::optional<std::uint64_t> find_bytes(std::string_view status, std::string_view name) {
  std::size_t at = status.starts_with(name) ? 0 : std::string_view::npos;
  if (at != 0) {
    at = status.find("\n" + std::string(name));
    if (at == std::string_view::npos) return std::nullopt;
    ++at;
  }
  status.remove_prefix(at + name.size());
  while (!status.empty() && (status.front() == ' ' || status.front() == '\t')) status.remove_prefix(1);
  std::uint64_t kilobytes = 0;
  const auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), kilobytes);
  if (error != std::errc() || !std::string_view(end, status.data() + status.size()).starts_with(" kB")) {
    return std::nullopt;
  }
  return kilobytes * 1024;
}

}  // namespace

Result<ProcessMemory> parse_process_status(std::string_view status) {
  const auto resident = find_bytes(status, "VmRSS:");
  const auto peak = find_bytes(status, "VmHWM:");
  if (!resident || !peak) {
    return fail(ErrorKind::kEnvironment, "the system does not say how much memory this process takes",
                "/proc/self/status", "VmRSS or VmHWM is missing", "memory is measured on Linux only");
  }
  return ProcessMemory{*resident, *peak};
}

Result<ProcessMemory> process_memory() {
  std::ifstream file("/proc/self/status");
  const std::string status((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return parse_process_status(status);
}

bool reset_process_peak() {
  // What the allocator keeps for later would count as this process's for ever.
  ::malloc_trim(0);
  std::ofstream file("/proc/self/clear_refs");
  file << "5";
  file.flush();
  return file.good();
}

}  // namespace quantier
