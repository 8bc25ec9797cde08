#include "quantier/record/measurement.h"

namespace quantier {

const char* timing_protocol_name(TimingProtocol protocol) {
  switch (protocol) {
    case TimingProtocol::kThroughput:
      return "throughput";
    case TimingProtocol::kLatency:
      return "latency";
    case TimingProtocol::kWorkload:
      return "workload";
  }
  return "throughput";
}

const char* run_origin_name(RunOrigin origin) {
  return origin == RunOrigin::kImported ? "imported" : "measured";
}

}  // namespace quantier
