#include "bench/load/preparation.h"

#include <algorithm>
#include <random>
#include <string>

#include "bench/load/crew.h"
#include "bench/load/leader.h"
#include "bench/load/workload_table.h"
#include "fmt/format.h"
#include "proto/rpc.pb.h"

namespace stele::load {
namespace {

constexpr std::uint32_t kPreparingClients = 256;
constexpr std::uint32_t kPreparingConns = 16;

// The first of two thousand million ids that no other run will have drawn.
LeaseIds DrawLeaseIds() {
  std::random_device source;
  const std::uint64_t high = source() & 0x3fff'ffffU;
  return {.first = static_cast<std::int64_t>((high << 32) + 1)};
}

// As many clients as make it quick, whatever the measured run has.
Options QuickRunOf(const Options& options, std::string_view workload, std::uint64_t total) {
  Options quick = options;
  quick.workload = workload;
  quick.total = total;
  quick.duration = absl::ZeroDuration();
  quick.rate = 0;
  quick.key_order = KeyOrder::kSequential;
  quick.threads = 1;
  quick.clients = std::max(options.clients, kPreparingClients);
  quick.conns = std::max(options.conns, kPreparingConns);
  return quick;
}

absl::StatusOr<std::int64_t> RevisionOf(const Endpoint& endpoint, absl::Duration timeout) {
  etcdserverpb::RangeRequest range;
  range.set_key("0");
  const absl::StatusOr<std::string> answer =
      CallOnce(endpoint, "/etcdserverpb.KV/Range", range.SerializeAsString(), timeout);
  if (!answer.ok()) return answer.status();
  etcdserverpb::RangeResponse response;
  if (!response.ParseFromString(*answer)) {
    return absl::DataLossError("the answer to a range cannot be parsed");
  }
  return response.header().revision();
}

}  // namespace

absl::StatusOr<Preparation> Prepare(const Options& options, const std::vector<Endpoint>& endpoints,
                                    const std::atomic<bool>& stop, const OnProgress& on_progress) {
  Preparation prepared = {.start_revision = 0, .leases = DrawLeaseIds()};
  std::string_view workload = "put";
  std::uint64_t total = options.prefill ? options.key_space : 0;
  switch (WorkloadNamed(options.workload).preparation) {
    case Preparation::Kind::kKeys:
      break;
    case Preparation::Kind::kHistory: {
      const absl::StatusOr<std::int64_t> revision = RevisionOf(endpoints[0], options.timeout);
      if (!revision.ok()) return revision.status();
      prepared.start_revision = *revision + 1;
      total = options.history;
      break;
    }
    case Preparation::Kind::kLeases:
      workload = "lease-grant";
      total = options.leases;
      break;
  }
  if (total == 0) return prepared;
  const absl::StatusOr<RunResult> result =
      RunWorkers(QuickRunOf(options, workload, total), prepared, endpoints, stop,
                 [&on_progress](const Progress& progress) {
                   Progress preparing = progress;
                   preparing.phase = "preparing";
                   on_progress(preparing);
                 });
  if (!result.ok()) return result.status();
  if (result->succeeded() == total) return prepared;
  const auto& kinds = result->errors.by_kind();
  return absl::UnavailableError(fmt::format("preparation: {} of {} writes succeeded{}",
                                            result->succeeded(), total,
                                            kinds.empty() ? "" : "; " + kinds.begin()->first));
}

}  // namespace stele::load
