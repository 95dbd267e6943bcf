// What a member is told at its start, as values. src/server/flags turns the command line, the
// environment or a file into them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/server/auto_compaction.h"
#include "src/server/url.h"

namespace stele::server {

struct InitialMember {
  std::string name;
  std::vector<std::string> peer_urls;  // sorted
};

// The defaults are in the flag table (flags/flag_table.h), from which StandardOptions makes a
// value.
struct Options {
  std::string name;
  std::string data_dir;  // default: <name>.stele
  std::vector<std::string> listen_client_urls;
  std::vector<std::string> listen_client_http_urls;
  std::vector<std::string> advertise_client_urls;
  std::vector<std::string> listen_peer_urls;
  std::vector<std::string> initial_advertise_peer_urls;
  std::vector<std::string> listen_metrics_urls;
  std::string initial_cluster;  // default: this member alone
  std::string initial_cluster_state;
  std::string initial_cluster_token;
  std::int64_t heartbeat_interval_ms = 0;
  std::int64_t election_timeout_ms = 0;
  std::uint64_t snapshot_count = 0;
  std::uint64_t snapshot_catchup_entries = 0;
  std::uint64_t max_request_bytes = 0;
  std::uint64_t max_txn_ops = 0;
  std::uint64_t max_concurrent_streams = 0;
  absl::Duration grpc_keepalive_min_time;
  absl::Duration grpc_keepalive_interval;  // 0: never asks
  absl::Duration grpc_keepalive_timeout;   // 0: never gives up
  std::int64_t quota_backend_bytes = 0;    // 0: the default of 2 GiB; negative: no quota
  std::uint64_t disk_reserve_bytes = 0;
  std::uint64_t snapshot_bandwidth = 0;  // bytes per second; 0: no bound
  std::int64_t scrub_interval_s = 0;     // 0: never
  bool strict_reconfig_check = true;
  std::int64_t max_learners = 0;
  std::string auto_compaction_mode;
  std::string auto_compaction_retention;
  absl::Duration watch_progress_interval;
  bool debug = false;  // etcd 3.4's way to say --log-level=debug
  std::string log_level;
  std::string log_format;
  std::vector<std::string> log_outputs;

  // Where values came from that are no defaults: "--name", "ETCD_NAME", "/etc/x.yml:3: name", by
  // the flag's name.
  std::map<std::string, std::string, std::less<>> origins;
  bool from_file = false;

  // How an error names the value of `flag` ("name"): its origin, or "--name" for a default.
  std::string Origin(std::string_view flag) const;
  bool Given(std::string_view flag) const { return origins.contains(flag); }

  // Derived by ValidateOptions.
  bool initial_cluster_given = false;
  std::vector<InitialMember> initial_members;  // sorted by name
  AutoCompactionPolicy auto_compaction;
};

// `message` with where the value came from in place of the "--flag" it begins with.
std::string WithOrigin(const Options& options, const std::string& message);

// Checks the values against each other and fills the derived ones. The error is one line that names
// the origin and the cause.
absl::Status ValidateOptions(Options* options);

}  // namespace stele::server
