#include "tests/sim/swarm.h"

#include "tests/sim/random_stream.h"

namespace stele::sim {
namespace {

double Seconds(double seconds) { return seconds * static_cast<double>(kSecond); }

void DrawTime(RandomStream* random, Swarm* swarm) {
  struct Pace {
    Micros tick;
    int heartbeat_ticks;
    int election_ticks;
  };
  // The daemon's own pace is the first one; the others cost fewer events.
  const Pace pace = random->Pick<Pace>({{25 * kMillisecond, 4, 40},
                                        {50 * kMillisecond, 2, 20},
                                        {100 * kMillisecond, 1, 10},
                                        {40 * kMillisecond, 1, 5},
                                        {60 * kMillisecond, 1, 5}});
  swarm->tick = pace.tick;
  swarm->heartbeat_ticks = pace.heartbeat_ticks;
  swarm->election_ticks = pace.election_ticks;
  const auto drift = random->Pick<std::int64_t>({0, 100, 10'000, 100'000});
  for (std::uint64_t i = 0; i < kMachinesMax; ++i) {
    swarm->drift_ppm.push_back(drift == 0 ? 0 : random->Between(-drift, drift));
  }
  swarm->start_near_wrap = random->Pick<double>({0, 0, 0.5});
}

void DrawNetwork(RandomStream* random, Swarm* swarm) {
  swarm->delay_min = random->Pick<Micros>({50, 200, 1000, 10'000});
  swarm->delay_mean = random->LogUniform(100, swarm->harshness >= 2 ? 100'000 : 5'000);
  swarm->reorder = random->Chance(0.5);
  if (swarm->harshness == 0) return;
  const double scale = swarm->harshness == 1 ? 0.1 : 1;
  if (random->Chance(0.6)) swarm->loss = scale * 0.3 * random->Fraction() * random->Fraction();
  if (random->Chance(0.5)) swarm->duplicate = scale * 0.3 * random->Fraction();
  if (random->Chance(0.5)) swarm->replay = scale * 0.05 * random->Fraction();
  if (random->Chance(0.7)) {
    swarm->partition_every = Seconds(random->LogUniform(2, 30) / scale);
    swarm->partition_for = Seconds(random->LogUniform(0.2, 10));
  }
  if (random->Chance(0.5)) swarm->clog_every = Seconds(random->LogUniform(0.5, 20) / scale);
  if (random->Chance(0.3)) swarm->misroute = scale * 0.01 * random->Fraction();
  if (random->Chance(0.3)) swarm->corrupt = scale * 0.01 * random->Fraction();
}

void DrawDisks(RandomStream* random, Swarm* swarm) {
  swarm->sync_mean = random->LogUniform(100, 10'000);
  swarm->segment_bytes = random->Pick<std::uint64_t>({4096, 8192, 16'384, 65'536});
  if (swarm->harshness == 0) return;
  if (random->Chance(0.6)) swarm->slow_sync = swarm->harshness == 3 ? 0.25 : 0.03;
  if (random->Chance(0.3)) swarm->very_slow_sync = 0.002;
  if (random->Chance(0.4)) swarm->io_error = random->LogUniform(1e-5, 1e-3);
  if (random->Chance(0.15)) swarm->stall_every = Seconds(random->LogUniform(10, 60));
  if (random->Chance(0.15)) swarm->full_every = Seconds(random->LogUniform(5, 60));
}

void DrawProcesses(RandomStream* random, Swarm* swarm) {
  if (swarm->harshness == 0) return;
  const double scale = swarm->harshness == 1 ? 10 : 1;
  if (random->Chance(0.8)) swarm->crash_every = Seconds(scale * random->LogUniform(1, 20));
  if (random->Chance(0.5)) swarm->cluster_crash_every = Seconds(scale * random->LogUniform(4, 40));
  swarm->restart_after = Seconds(random->LogUniform(0.05, 5));
  swarm->quick_restart = random->Pick<double>({0, 0.3, 0.9});
  swarm->power_cut = random->Pick<double>({0.2, 0.8, 1});
  swarm->recovery_crash = random->Pick<double>({0, 0.05, 0.3});
  if (random->Chance(0.4)) {
    swarm->pause_every = Seconds(scale * random->LogUniform(3, 30));
    swarm->pause_max = random->Pick<Micros>(
        {kSecond, 4 * kSecond, 4 * kSecond, 20 * kSecond, 20 * kSecond, 120 * kSecond});
  }
  if (random->Chance(0.2)) swarm->slow_every = Seconds(scale * random->LogUniform(3, 30));
  if (random->Chance(0.4)) swarm->transfer_every = Seconds(random->LogUniform(1, 20));
  if (swarm->harshness >= 2 && random->Chance(0.7)) {
    swarm->hunt = 0.3 + 0.7 * random->Fraction();
    swarm->hunt_after = random->LogUniform(2000, 500'000);
  }
}

void DrawSettings(RandomStream* random, Swarm* swarm) {
  swarm->append_bytes = random->Pick<std::uint64_t>({1, 1, 256, 4096, 1 << 20});
  swarm->inflight_appends = random->Pick<int>({1, 1, 4, 256});
  swarm->applying_bytes = random->Pick<std::uint64_t>({256, 16 << 20});
  swarm->uncommitted_bytes = random->Pick<std::uint64_t>({4096, 64 << 20, 64 << 20});
  swarm->snapshot_count = random->Pick<std::uint64_t>({5, 30, 200, 2000});
  swarm->catch_up_entries = random->Pick<std::uint64_t>({0, 5, 50, 500});
  swarm->flush_every = random->Pick<std::uint64_t>({1, 10, 100, 1000});
  swarm->apply_mean = random->LogUniform(50, 2000);
  if (random->Chance(0.3)) swarm->apply_stall = 0.02;
  swarm->check_deeply = random->Chance(0.1);
}

void DrawMembers(RandomStream* random, int members, Swarm* swarm) {
  const int drawn = random->Pick<int>({1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5, 5, 7});
  swarm->members = members == 0 ? drawn : members;
  if (random->Chance(0.5)) swarm->conf_every = Seconds(random->LogUniform(0.3, 20));
}

}  // namespace

Swarm DrawSwarm(std::uint64_t seed, int members) {
  RandomStream random(seed, "swarm");
  Swarm swarm;
  swarm.harshness = random.Pick<int>({0, 1, 1, 2, 2, 2, 3, 3, 3, 3});
  DrawTime(&random, &swarm);
  DrawNetwork(&random, &swarm);
  DrawDisks(&random, &swarm);
  DrawProcesses(&random, &swarm);
  DrawSettings(&random, &swarm);
  swarm.operation_every = random.LogUniform(80'000, 1'600'000);
  swarm.read_share = random.Pick<double>({0.1, 0.4, 0.8});
  swarm.value_bytes_max = random.Pick<std::int64_t>({16, 200, 3000});
  DrawMembers(&random, members, &swarm);
  return swarm;
}

}  // namespace stele::sim
