#include "tests/sim/full/full_sweep.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/sim/full/full_world.h"

namespace stele::sim {
namespace {

constexpr std::string_view kSwarm =
    "members=3 tick=40000 heartbeat=1 election=5 delay_min=200 delay_mean=200 sync_mean=300 "
    "segment_bytes=16384 restart_after=60000 quick_restart=0.5 power_cut=0.9 append_bytes=4096 "
    "inflight=4 applying_bytes=4096 uncommitted_bytes=65536 snapshot_count=4 catch_up=1 "
    "flush_every=4 apply_mean=300 operation_every=60000 read_share=0.2 value_bytes=200 "
    "drift=0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0";

// A follower and later the leader are cut off for long enough to need a snapshot; leadership moves
// by request and because its holder is cut off.
constexpr std::string_view kFaults[] = {
    "1.200000 transfer member=2",
    "2.000000 block links=1>2,2>1,1>3,3>1 until=4.000000",
    "4.400000 transfer member=3",
    "4.800000 block links=3>1,1>3,3>2,2>3 until=6.600000",
};

FullSwarm Clients() {
  FullSwarm swarm;
  swarm.entries_per_pass = 10;
  swarm.stream_bytes = 2000;
  swarm.inbox_bytes = 5000;
  swarm.response_bytes = 200;
  swarm.fragment_bytes = 2000;
  swarm.slice_revisions = 5;
  swarm.pass_inputs = 128;
  swarm.kv_clients = 4;
  swarm.watchers = 3;
  swarm.lease_clients = 3;
  swarm.keys = 8;
  swarm.value_bytes_max = 200;
  swarm.think_mean = 60.0 * kMillisecond;
  swarm.client_delay_mean = 500;
  swarm.read_share = 0.3;
  swarm.txn_share = 0.3;
  swarm.compact_every = 0.7 * kSecond;
  swarm.watch_break_every = 3.0 * kSecond;
  swarm.slow_share = 0.3;
  swarm.ttl_max_seconds = 1;
  return swarm;
}

}  // namespace

SweptRun RunFullScript(const std::vector<Fault>& more, bool tells) {
  FullRunOptions options;
  options.tells = tells;
  options.members = 3;
  options.faulty_time = 7 * kSecond;
  if (!SwarmFromText(kSwarm, &options.swarm.emplace())) {
    return {.violation = "the script has no swarm", .disk_operations = {}, .reached = ""};
  }
  options.full_swarm = Clients();
  options.faults = more;
  for (const std::string_view line : kFaults) {
    std::optional<Fault> fault = FaultFromText(line);
    if (!fault) return {.violation = "the script", .disk_operations = {}, .reached = ""};
    options.faults->push_back(*std::move(fault));
  }
  const FullRunResult result = RunFullSeed(options);
  const auto count = [&](Mark mark) { return result.counts[static_cast<std::size_t>(mark)]; };
  const auto full = [&](FullMark mark) {
    return result.full_counts[static_cast<std::size_t>(mark)];
  };
  return {.violation = result.violation,
          .disk_operations = result.disk_operations,
          .reached = absl::StrCat(
              count(Mark::kLeader), " leaders, ", count(Mark::kCommitted), " entries, ",
              full(FullMark::kLeaseGranted), " leases (", full(FullMark::kLeaseRenewed),
              " renewals, ", full(FullMark::kLeaseExpired), " ran out), ",
              full(FullMark::kCompacted), " compactions, ", full(FullMark::kWatchEvent),
              " watch events, ", count(Mark::kSnapshotInstalled), " snapshots, ",
              count(Mark::kSegmentRecycled), " recycled segments")};
}

}  // namespace stele::sim
