// Raw measurements: what was timed and what memory was used, each under a named protocol or definition.
// Nothing here is a summary; medians and intervals are computed from these by stats/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantier {

// throughput: whole (or stated part of the) split, shuffled by seed, batch 32, total wall time of a pass.
// latency: batch 1, lengths as they come. workload: batches of 32 in file order, 3 warm-up, 5 timed.
enum class TimingProtocol : std::uint8_t { kThroughput, kLatency, kWorkload };
[[nodiscard]] const char* timing_protocol_name(TimingProtocol protocol);

// What a device did, by its own clock (events in its queue of work). Computing runs from the end of a copy of
// input to the last kernel behind it: where kernels are started too slowly, their waiting is in it.
struct DeviceTimes {
  std::int64_t transfer_in_ns = 0;
  std::int64_t compute_ns = 0;
  std::int64_t transfer_out_ns = 0;

  [[nodiscard]] std::int64_t total_ns() const { return transfer_in_ns + compute_ns + transfer_out_ns; }
  friend DeviceTimes operator-(const DeviceTimes& a, const DeviceTimes& b) {
    return {a.transfer_in_ns - b.transfer_in_ns, a.compute_ns - b.compute_ns,
            a.transfer_out_ns - b.transfer_out_ns};
  }
  friend bool operator==(const DeviceTimes&, const DeviceTimes&) = default;
};

// Where the time of some work on a device went. What is in none of the parts is the host's: packing, starting
// kernels, copying results.
struct DeviceSplit {
  std::int64_t wall_ns = 0;
  std::int64_t tokenize_ns = 0;  // waited for
  std::int64_t encode_ns = 0;    // tokenization of all threads together, beside the device or not
  DeviceTimes device;

  friend bool operator==(const DeviceSplit&, const DeviceSplit&) = default;
};

struct TimingSample {
  TimingProtocol protocol = TimingProtocol::kThroughput;
  std::uint32_t round = 0;       // ABBA round, or pass
  std::uint32_t batch_size = 0;  // the size asked for
  std::uint64_t examples = 0;    // examples in this sample
  std::uint64_t tokens = 0;      // tokens computed (never padding)
  std::int64_t tokenize_ns = 0;  // inside wall_ns
  std::int64_t wall_ns = 0;      // tokenization + forward
  bool warm_up = false;
  // On a device: tokenize_ns is then what was waited for, encode_ns what all threads took together.
  std::optional<DeviceTimes> device = {};
  std::int64_t encode_ns = 0;
  std::uint64_t slowdown = 0;  // reasons (ClockReason) for which the card slowed itself down meanwhile
};

// Each number is named as what it is.
struct MemoryRecord {
  std::uint64_t weights_bytes = 0;  // computed: what stays resident of the model
  std::uint64_t allocator_weights_peak_bytes = 0;
  std::uint64_t allocator_activations_peak_bytes = 0;
  std::uint64_t process_peak_bytes = 0;  // the operating system's peak resident set (VmHWM) of the worker
  // Peak of allocated device memory as another program reported it (torch.cuda.max_memory_allocated).
  std::optional<std::uint64_t> device_peak_bytes = {};
};

// Whether Quantier ran the model, or read what another program's run left behind.
enum class RunOrigin : std::uint8_t { kMeasured, kImported };
[[nodiscard]] const char* run_origin_name(RunOrigin origin);

// What identifies the conditions of a run.
struct Provenance {
  std::string quantier_version;
  std::string git_revision;
  std::string compiler;
  std::string machine;           // CPU model
  std::string instruction_sets;  // "avx2 avx512f avx512_vnni ..."
  std::string kernel_release;    // of the operating system
  std::uint32_t threads = 0;
  std::string libraries;  // "PCRE2 10.42, utf8proc 2.8.0, ..."
  std::string weights_sha256;
  std::string config_sha256;
  std::string tokenizer_sha256;
  std::string data_sha256;
  std::string started_at;  // RFC 3339, UTC
  RunOrigin origin = RunOrigin::kMeasured;
  std::string imported_from = {};    // "predictions.npz, array encoder_fp16_logits"; empty when measured
  std::string declared_device = {};  // on which the user says it ran; empty: not declared, or measured
};

}  // namespace quantier
