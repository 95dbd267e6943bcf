#include "tests/sim/full/mutant_hunt.h"

#include <ctime>
#include <utility>

#include "tests/sim/full/full_world.h"

namespace stele::sim {
namespace {

// Short runs: many different worlds find more than much of one.
constexpr Micros kFaultyTime = 25 * kSecond;

// Members that fall behind and are sent snapshots while many watch them.
void AimAtSnapshots(Swarm* swarm, FullSwarm* full) {
  swarm->snapshot_count = 5;
  swarm->catch_up_entries = 0;
  swarm->flush_every = 5;
  swarm->crash_every = 4.0 * kSecond;
  swarm->restart_after = 1.0 * kSecond;
  full->watchers = 16;
  full->slow_share = 0;
}

// Leaders that are cut off until their leases run out and come back with a revoke, while renewals
// wait for the next leader.
void AimAtFormerLeaders(Swarm* swarm, FullSwarm* full) {
  swarm->tick = 40 * kMillisecond;
  swarm->heartbeat_ticks = 1;
  swarm->election_ticks = 5;
  swarm->partition_every = 1.5 * kSecond;
  swarm->partition_for = 1.0 * kSecond;
  swarm->clog_every = 1.0 * kSecond;
  swarm->crash_every = 0;
  swarm->cluster_crash_every = 0;
  swarm->pause_every = 0;
  full->kv_clients = 2;
  full->lease_clients = 40;
  full->ttl_max_seconds = 8;
}

void Aim(const FullMutant& mutant, Swarm* swarm, FullSwarm* full) {
  if (mutant.server == server::Mutation::kResetSkipsHistory) AimAtSnapshots(swarm, full);
  if (mutant.storage == storage::Mutation::kStaleExpiryCounts) AimAtFormerLeaders(swarm, full);
}

}  // namespace

Hunt HuntMutant(const FullMutant& mutant, double seconds_max) {
  const Plant plant(mutant);
  const std::clock_t start = std::clock();
  Hunt hunt;
  while (hunt.violation.empty() && hunt.processor_seconds < seconds_max) {
    FullRunOptions options;
    options.seed = ++hunt.seeds;
    options.faulty_time = kFaultyTime;
    Swarm swarm = DrawQuickSwarm(options.seed, options.members);
    if (swarm.harshness == 0) continue;  // a mild world is for what must work in it
    FullSwarm full_swarm = DrawFullSwarm(options.seed);
    Aim(mutant, &swarm, &full_swarm);
    options.swarm = std::move(swarm);
    options.full_swarm = full_swarm;
    hunt.violation = RunFullSeed(options).violation;
    hunt.processor_seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }
  return hunt;
}

}  // namespace stele::sim
