// What the full tier draws for a seed beside the Swarm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/sim/swarm.h"

namespace stele::sim {

struct FullSwarm {
  // The members' settings.
  std::size_t entries_per_pass = 0;
  std::size_t stream_bytes = 0;
  std::size_t inbox_bytes = 0;
  std::size_t response_bytes = 0;
  std::size_t fragment_bytes = 0;
  std::size_t slice_revisions = 0;
  std::size_t pass_inputs = 0;

  // Clients.
  int kv_clients = 0;
  int watchers = 0;
  int lease_clients = 0;
  std::uint64_t keys = 0;
  std::int64_t value_bytes_max = 0;
  double think_mean = 0;  // between two operations of a client
  double client_delay_mean = 0;
  double read_share = 0;
  double txn_share = 0;
  double compact_every = 0;
  double watch_break_every = 0;  // of each watcher
  double slow_share = 0;         // of watchers that now and then stop reading
  std::int64_t ttl_max_seconds = 0;
};

FullSwarm DrawFullSwarm(std::uint64_t seed);
// What DrawSwarm draws, kept quick enough for clients to see much of the cluster.
Swarm DrawQuickSwarm(std::uint64_t seed, int members);
std::string Describe(const FullSwarm& swarm);

}  // namespace stele::sim
