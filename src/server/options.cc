#include "src/server/options.h"

#include <algorithm>
#include <map>
#include <set>

#include "fmt/format.h"

namespace stele::server {
namespace {

// Begins with the flag, in whose place WithOrigin puts where the value came from.
absl::Status Invalid(const std::string& message) { return absl::FailedPreconditionError(message); }

absl::Status CheckUrls(const Options& options) {
  const std::pair<const char*, const std::vector<std::string>*> needed[] = {
      {"listen-client-urls", &options.listen_client_urls},
      {"advertise-client-urls", &options.advertise_client_urls},
      {"listen-peer-urls", &options.listen_peer_urls},
      {"initial-advertise-peer-urls", &options.initial_advertise_peer_urls}};
  for (const auto& [flag, urls] : needed) {
    if (urls->empty()) return Invalid(fmt::format("--{}: no URL given", flag));
  }
  // As etcd: what clients are told must fit where they can connect to.
  const bool advertises = options.Given("advertise-client-urls") || options.from_file;
  if (options.Given("listen-client-urls") && !advertises) {
    return Invalid("--advertise-client-urls: must be given when --listen-client-urls is");
  }
  return absl::OkStatus();
}

absl::Status CheckInitialCluster(Options* options) {
  constexpr char kFlag[] = "--initial-cluster";
  std::map<std::string, std::vector<std::string>> members;
  std::set<std::string> urls;
  for (const std::string& part : SplitList(options->initial_cluster)) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Invalid(fmt::format("{}: '{}' is not of the form name=peerURL", kFlag, part));
    }
    const std::string url = part.substr(equals + 1);
    if (absl::StatusOr<Url> parsed = ParseUrl(url); !parsed.ok()) {
      return Invalid(fmt::format("{}: {}", kFlag, std::string(parsed.status().message())));
    }
    if (!urls.insert(url).second) {
      return Invalid(fmt::format("{}: the URL {} is given twice", kFlag, url));
    }
    members[part.substr(0, equals)].push_back(url);
  }
  auto self = members.find(options->name);
  if (self == members.end()) {
    return Invalid(fmt::format("{}: this member's name '{}' is not among '{}'", kFlag,
                               options->name, options->initial_cluster));
  }
  options->initial_members.clear();
  for (auto& [name, peer_urls] : members) {
    std::sort(peer_urls.begin(), peer_urls.end());
    options->initial_members.push_back({name, peer_urls});
  }
  std::vector<std::string> advertised = options->initial_advertise_peer_urls;
  std::sort(advertised.begin(), advertised.end());
  if (advertised != self->second) {
    return Invalid(fmt::format(
        "--initial-advertise-peer-urls: {} differs from what --initial-cluster says of '{}': {}",
        fmt::join(advertised, ","), options->name, fmt::join(self->second, ",")));
  }
  return absl::OkStatus();
}

absl::Status CheckTimes(const Options& options) {
  if (options.heartbeat_interval_ms <= 0) {
    return Invalid(fmt::format("--heartbeat-interval: {} is not a positive number of milliseconds",
                               options.heartbeat_interval_ms));
  }
  if (options.election_timeout_ms < 5 * options.heartbeat_interval_ms) {
    return Invalid(fmt::format(
        "--election-timeout: {} ms is less than five times --heartbeat-interval ({} ms)",
        options.election_timeout_ms, options.heartbeat_interval_ms));
  }
  if (options.election_timeout_ms > 50'000) {
    return Invalid(fmt::format("--election-timeout: {} ms is more than 50000 ms",
                               options.election_timeout_ms));
  }
  return absl::OkStatus();
}

// One of a few words.
absl::Status CheckWord(const char* flag, const std::string& word,
                       const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), word) != words.end()) return absl::OkStatus();
  return Invalid(fmt::format("--{}: '{}' is none of {}", flag, word, fmt::join(words, ", ")));
}

absl::Status CheckLimits(const Options& options) {
  if (options.snapshot_count == 0) return Invalid("--snapshot-count: must be at least 1");
  if (options.max_txn_ops < 1) return Invalid("--max-txn-ops: must be at least 1");
  if (options.max_learners < 0) return Invalid("--max-learners: is negative");
  if (options.max_concurrent_streams < 1) {
    return Invalid("--max-concurrent-streams: must be at least 1");
  }
  if (options.max_request_bytes < 1024 || options.max_request_bytes > (1ull << 30U)) {
    return Invalid(fmt::format("--max-request-bytes: {} is not between 1 KiB and 1 GiB",
                               options.max_request_bytes));
  }
  if (options.watch_progress_interval < absl::Milliseconds(100)) {
    return Invalid(fmt::format("--watch-progress-notify-interval: {} is less than 100ms",
                               absl::FormatDuration(options.watch_progress_interval)));
  }
  const std::pair<const char*, absl::Duration> durations[] = {
      {"grpc-keepalive-min-time", options.grpc_keepalive_min_time},
      {"grpc-keepalive-interval", options.grpc_keepalive_interval},
      {"grpc-keepalive-timeout", options.grpc_keepalive_timeout}};
  for (const auto& [flag, duration] : durations) {
    if (duration < absl::ZeroDuration()) return Invalid(fmt::format("--{}: is negative", flag));
  }
  return absl::OkStatus();
}

absl::Status CheckLogging(Options* options) {
  if (options->debug && !options->Given("log-level")) options->log_level = "debug";
  if (options->log_outputs.empty()) return Invalid("--log-outputs: no output given");
  absl::Status status = CheckWord("log-level", options->log_level,
                                  {"debug", "info", "warn", "error", "panic", "fatal"});
  return status.ok() ? CheckWord("log-format", options->log_format, {"json", "console"}) : status;
}

absl::Status CheckCompaction(Options* options) {
  absl::StatusOr<AutoCompactionPolicy> policy =
      ParseAutoCompaction(options->auto_compaction_mode, options->auto_compaction_retention);
  if (!policy.ok()) return policy.status();
  options->auto_compaction = *policy;
  return absl::OkStatus();
}

absl::Status Check(Options* options) {
  if (options->name.empty()) return Invalid("--name: is empty");
  if (options->data_dir.empty()) options->data_dir = options->name + ".stele";
  options->initial_cluster_given = !options->initial_cluster.empty();
  if (!options->initial_cluster_given) {
    for (const std::string& url : options->initial_advertise_peer_urls) {
      if (!options->initial_cluster.empty()) options->initial_cluster += ",";
      options->initial_cluster += fmt::format("{}={}", options->name, url);
    }
  }
  absl::Status status = CheckLogging(options);
  if (status.ok()) status = CheckUrls(*options);
  if (status.ok()) status = CheckTimes(*options);
  if (status.ok()) status = CheckLimits(*options);
  if (status.ok()) status = CheckCompaction(options);
  return status.ok() ? CheckInitialCluster(options) : status;
}

}  // namespace

std::string Options::Origin(std::string_view flag) const {
  const auto found = origins.find(flag);
  return found == origins.end() ? "--" + std::string(flag) : found->second;
}

std::string WithOrigin(const Options& options, const std::string& message) {
  const std::size_t colon = message.find(": ");
  if (!message.starts_with("--") || colon == std::string::npos) return message;
  return options.Origin(message.substr(2, colon - 2)) + message.substr(colon);
}

absl::Status ValidateOptions(Options* options) {
  absl::Status status = Check(options);
  if (status.ok()) return status;
  return absl::FailedPreconditionError(WithOrigin(*options, std::string(status.message())));
}

}  // namespace stele::server
