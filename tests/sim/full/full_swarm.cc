#include "tests/sim/full/full_swarm.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "tests/sim/random_stream.h"

namespace stele::sim {

FullSwarm DrawFullSwarm(std::uint64_t seed) {
  RandomStream random(seed, "full swarm");
  FullSwarm swarm;
  swarm.entries_per_pass = random.Pick<std::size_t>({1, 10, 2000});
  swarm.stream_bytes = random.Pick<std::size_t>({300, 2000, 20'000, 4 << 20});
  swarm.inbox_bytes = random.Pick<std::size_t>({500, 5000, 64 << 20});
  swarm.response_bytes = random.Pick<std::size_t>({1, 200, 1 << 20});
  swarm.fragment_bytes = random.Pick<std::size_t>({200, 2 << 20});
  swarm.slice_revisions = random.Pick<std::size_t>({1, 5, 1000});
  swarm.pass_inputs = random.Pick<std::size_t>({1, 128});
  swarm.kv_clients = random.Pick<int>({4, 8, 16});
  swarm.watchers = random.Pick<int>({6, 10, 16});
  swarm.lease_clients = random.Pick<int>({2, 4, 8});
  swarm.keys = random.Pick<std::uint64_t>({4, 12, 40});
  swarm.value_bytes_max = random.Pick<std::int64_t>({0, 20, 200});
  swarm.think_mean = random.LogUniform(10'000, 100'000);
  swarm.client_delay_mean = random.LogUniform(100, 20'000);
  swarm.read_share = random.Pick<double>({0.2, 0.4, 0.6});
  swarm.txn_share = random.Pick<double>({0.1, 0.3, 0.6});
  swarm.compact_every = random.LogUniform(0.1, 10) * kSecond;
  swarm.watch_break_every = random.LogUniform(1, 30) * kSecond;
  swarm.slow_share = random.Pick<double>({0, 0.3, 0.8});
  swarm.ttl_max_seconds = random.Pick<std::int64_t>({1, 3, 8});
  return swarm;
}

Swarm DrawQuickSwarm(std::uint64_t seed, int members) {
  Swarm swarm = DrawSwarm(seed, members);
  RandomStream random(seed, "quicken");
  swarm.append_bytes = std::max<std::uint64_t>(swarm.append_bytes, 4096);
  swarm.inflight_appends = std::max(swarm.inflight_appends, 4);
  swarm.uncommitted_bytes = std::max<std::uint64_t>(swarm.uncommitted_bytes, 64 << 10);
  swarm.applying_bytes = std::max<std::uint64_t>(swarm.applying_bytes, 4096);
  swarm.delay_min = std::min<Micros>(swarm.delay_min, 5 * kMillisecond);
  swarm.delay_mean = std::min(swarm.delay_mean, 10.0 * kMillisecond);
  swarm.segment_bytes = std::max<std::uint64_t>(swarm.segment_bytes, 16 << 10);
  swarm.check_deeply = false;
  swarm.conf_every = 0;  // clients and stores here know a fixed cluster
  if (random.Chance(0.5)) swarm.slow_sync = 0;
  return swarm;
}

std::string Describe(const FullSwarm& swarm) {
  return absl::StrFormat(
      "pass=%d stream=%dB inbox=%dB response=%dB fragment=%dB slice=%d inputs=%d clients=%d "
      "watchers=%d leases=%d keys=%d value<=%dB think=%.0fms delay=%.1fms reads=%.0f%% "
      "txns=%.0f%% compact=%.1fs break=%.1fs slow=%.0f%% ttl<=%ds",
      swarm.entries_per_pass, swarm.stream_bytes, swarm.inbox_bytes, swarm.response_bytes,
      swarm.fragment_bytes, swarm.slice_revisions, swarm.pass_inputs, swarm.kv_clients,
      swarm.watchers, swarm.lease_clients, swarm.keys, swarm.value_bytes_max,
      swarm.think_mean / 1000, swarm.client_delay_mean / 1000, 100 * swarm.read_share,
      100 * swarm.txn_share, swarm.compact_every / kSecond, swarm.watch_break_every / kSecond,
      100 * swarm.slow_share, swarm.ttl_max_seconds);
}

}  // namespace stele::sim
