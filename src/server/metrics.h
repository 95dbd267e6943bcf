// The Prometheus text of /metrics, put together when it is asked for from values that the rooms
// keep anyway. Names, types and meanings are etcd's where etcd has the metric.
#pragma once

#include <cstdint>
#include <string>

#include "src/server/api/ports.h"

namespace stele::server {

struct MetricValues {
  NodeStatus node;
  bool is_leader = false;
  std::uint64_t leader_changes = 0;
  std::uint64_t commit_index = 0;
  std::uint64_t proposals_pending = 0;
  std::uint64_t proposals_failed = 0;
  std::int64_t current_revision = 0;
  std::int64_t compact_revision = 0;
  std::uint64_t watchers = 0;
  std::uint64_t slow_watchers = 0;
  std::uint64_t watch_streams = 0;
  std::uint64_t client_connections = 0;
  std::int64_t quota_bytes = 0;
};

std::string MetricsText(const MetricValues& values);

}  // namespace stele::server
