#include "quantier/pipeline/provenance.h"

#include <sys/utsname.h>
#include <zlib.h>

#include <openssl/crypto.h>
#include <sqlite3.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <array>
#include <fstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <pcre2.h>
#include <utf8proc.h>

#include "quantier/base/clock.h"
#include "quantier/base/sha256.h"
#include "quantier/base/utf8.h"
#include "quantier/engine/cuda_engine.h"

#ifndef QUANTIER_VERSION
#define QUANTIER_VERSION "0.1.0"
#endif
#ifndef QUANTIER_GIT_REVISION
#define QUANTIER_GIT_REVISION "unknown"
#endif

namespace quantier {

std::string program_version() { return QUANTIER_VERSION; }
std::string program_revision() { return QUANTIER_GIT_REVISION; }

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return printable(line.substr(colon + 2));
  }
  return "unknown";
}

std::string instruction_sets() {
  std::string sets;
  const auto add = [&sets](bool present, std::string_view name) {
    if (!present) return;
    if (!sets.empty()) sets += ' ';
    sets += name;
  };
#if defined(__x86_64__)
  __builtin_cpu_init();
  add(__builtin_cpu_supports("avx2") != 0, "avx2");
  add(__builtin_cpu_supports("fma") != 0, "fma");
  add(__builtin_cpu_supports("avx512f") != 0, "avx512f");
  add(__builtin_cpu_supports("avx512bw") != 0, "avx512bw");
  add(__builtin_cpu_supports("avx512vl") != 0, "avx512vl");
  add(__builtin_cpu_supports("avx512vnni") != 0, "avx512vnni");
  add(__builtin_cpu_supports("avx512bf16") != 0, "avx512bf16");
#endif
  return sets.empty() ? "baseline" : sets;
}

std::string library_versions() {
  std::array<char, 64> pcre2{};
  if (pcre2_config(PCRE2_CONFIG_VERSION, nullptr) <= static_cast<int>(pcre2.size())) {
    pcre2_config(PCRE2_CONFIG_VERSION, pcre2.data());
  }
  return fmt::format("PCRE2 {}, utf8proc {}, SQLite {}, zlib {}, {}", pcre2.data(), utf8proc_version(),
                     sqlite3_libversion(), zlibVersion(), OpenSSL_version(OPENSSL_VERSION));
}

std::string kernel_release() {
  utsname name{};
  if (uname(&name) != 0) return "unknown";
  return fmt::format("{} {}", name.sysname, name.release);
}

std::string machine_text(const EngineChoice& engine) {
  if (engine.kind != EngineKind::kCuda) return cpu_model();
  return fmt::format("{}, beside {}", cuda_device_name(engine.device), cpu_model());
}

Provenance describe_machine(std::uint32_t threads, const EngineChoice& engine) {
  Provenance provenance;
  provenance.quantier_version = program_version();
  provenance.git_revision = program_revision();
#if defined(__clang__)
  provenance.compiler = "Clang " __clang_version__;
#else
  provenance.compiler = "GCC " __VERSION__;
#endif
  provenance.machine = machine_text(engine);
  provenance.instruction_sets = instruction_sets();
  provenance.kernel_release = kernel_release();
  provenance.threads = threads;
  provenance.libraries = library_versions();
  if (engine.kind == EngineKind::kCuda) provenance.libraries += ", CUDA: " + cuda_state();
  provenance.started_at = utc_now_rfc3339();
  return provenance;
}

namespace {

Result<std::string> hash_files(const std::vector<std::filesystem::path>& files) {
  std::string last;
  std::string of_all;
  for (const std::filesystem::path& file : files) {
    QT_TRY(last, sha256_hex_of_file(file));
    of_all += last + "\n";
  }
  return files.size() == 1 ? last : sha256_hex(of_all);
}

}  // namespace

Result<ModelHashes> hash_model(const Checkpoint& checkpoint) {
  ModelHashes hashes;
  QT_TRY(hashes.weights, hash_files(checkpoint.weight_files()));
  QT_TRY(hashes.config, hash_files(checkpoint.config_files()));
  QT_TRY(hashes.tokenizer, hash_files({checkpoint.tokenizer_directory() / "tokenizer.json"}));
  return hashes;
}

Result<std::string> program_sha256() { return sha256_hex_of_file("/proc/self/exe"); }

}  // namespace quantier
