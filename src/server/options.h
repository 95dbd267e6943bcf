// What the command line and the environment say. Flags win over STELE_*, which wins over ETCD_*.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/server/auto_compaction.h"
#include "src/server/url.h"

namespace stele::server {

struct InitialMember {
  std::string name;
  std::vector<std::string> peer_urls;  // sorted
};

struct Options {
  std::string name = "default";
  std::string data_dir;  // default: <name>.stele
  std::vector<std::string> listen_client_urls = {"http://localhost:2379"};
  std::vector<std::string> advertise_client_urls = {"http://localhost:2379"};
  std::vector<std::string> listen_peer_urls = {"http://localhost:2380"};
  std::vector<std::string> initial_advertise_peer_urls = {"http://localhost:2380"};
  std::string initial_cluster;  // default: this member alone
  std::string initial_cluster_state = "new";
  std::string initial_cluster_token = "etcd-cluster";
  std::int64_t heartbeat_interval_ms = 100;
  std::int64_t election_timeout_ms = 1000;
  std::uint64_t snapshot_count = 10'000;
  std::uint64_t max_request_bytes = 1'572'864;
  int max_txn_ops = 128;
  std::int64_t quota_backend_bytes = 0;  // 0: the default of 2 GiB; negative: no quota
  std::uint64_t disk_reserve_bytes = std::uint64_t{64} << 20U;
  std::uint64_t snapshot_bandwidth = std::uint64_t{64} << 20U;  // bytes per second; 0: no bound
  std::int64_t scrub_interval_s = std::int64_t{24} * 60 * 60;   // 0: never
  bool strict_reconfig_check = true;
  std::int64_t max_learners = 1;
  std::string auto_compaction_mode = "periodic";
  std::string auto_compaction_retention = "0";
  std::string log_level = "info";

  // Derived by ValidateOptions.
  bool initial_cluster_given = false;
  std::vector<InitialMember> initial_members;  // sorted by name
  AutoCompactionPolicy auto_compaction;
  std::string watch_progress_notify_interval = "10m";
  absl::Duration watch_progress_interval;
};

enum class CommandLineOutcome : std::uint8_t { kRun, kPrintAndExit };

struct CommandLine {
  CommandLineOutcome outcome = CommandLineOutcome::kRun;
  std::string text;                   // of kPrintAndExit: help or version
  std::vector<std::string> warnings;  // to be logged once logging exists
  Options options;
};

// Environment look-up; nullptr for an unset variable.
using GetEnv = std::function<const char*(const char*)>;

// The error is one line that names the flag (or variable) and the cause.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                             const GetEnv& get_env);

// Checks the values against each other and fills the derived ones.
absl::Status ValidateOptions(Options* options);

}  // namespace stele::server
