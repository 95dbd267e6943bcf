#include "src/server/options.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "src/server/api/maintenance.h"

namespace stele::server {
namespace {

absl::Status Invalid(const std::string& message) { return absl::InvalidArgumentError(message); }

void AddFlags(Options* options, CLI::App* app) {
  const auto list = [&](const char* flag, std::vector<std::string>* urls, const char* help) {
    app->add_option(flag, *urls, help)
        ->delimiter(',')
        ->expected(1, CLI::detail::expected_max_vector_size)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->capture_default_str();
  };
  const auto one = [&](const char* flag, auto* value, const char* help) {
    return app->add_option(flag, *value, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->capture_default_str();
  };
  one("--name", &options->name, "Human-readable name for this member.");
  one("--data-dir", &options->data_dir, "Path to the data directory. (default: <name>.stele)");
  list("--listen-client-urls", &options->listen_client_urls, "URLs to listen on for clients.");
  list("--advertise-client-urls", &options->advertise_client_urls,
       "This member's client URLs, as told to the rest of the cluster.");
  list("--listen-peer-urls", &options->listen_peer_urls, "URLs to listen on for other members.");
  list("--initial-advertise-peer-urls", &options->initial_advertise_peer_urls,
       "This member's peer URLs, as told to the rest of the cluster.");
  one("--initial-cluster", &options->initial_cluster,
      "All members for bootstrapping: name=peerURL,... (default: this member alone)");
  one("--initial-cluster-state", &options->initial_cluster_state, "'new' or 'existing'.");
  one("--initial-cluster-token", &options->initial_cluster_token,
      "Sets clusters with the same members apart.");
  one("--heartbeat-interval", &options->heartbeat_interval_ms,
      "Milliseconds between heartbeats of the leader.");
  one("--election-timeout", &options->election_timeout_ms,
      "Milliseconds without a heartbeat before an election.");
  one("--snapshot-count", &options->snapshot_count,
      "Entries applied before the log behind them is let go.")
      ->check(CLI::NonNegativeNumber);
  one("--max-request-bytes", &options->max_request_bytes, "The largest request accepted.")
      ->check(CLI::NonNegativeNumber);
  one("--max-txn-ops", &options->max_txn_ops, "The most operations in a transaction.");
  one("--quota-backend-bytes", &options->quota_backend_bytes,
      "Size of the store at which writes are refused (0: 2 GiB; negative: no quota).");
  one("--auto-compaction-mode", &options->auto_compaction_mode, "'periodic' or 'revision'.");
  one("--auto-compaction-retention", &options->auto_compaction_retention,
      "How much history is kept: hours, a duration such as 90m, or revisions (0: all).");
  one("--watch-progress-notify-interval,--experimental-watch-progress-notify-interval",
      &options->watch_progress_notify_interval,
      "How long a watch that asked for progress is left without news, at least 100ms.");
  one("--disk-reserve-bytes", &options->disk_reserve_bytes,
      "Size of the file kept for the day the disk is full, at most 1/8 of the disk (0: none).")
      ->check(CLI::NonNegativeNumber);
  one("--snapshot-bandwidth", &options->snapshot_bandwidth,
      "Bytes a second at which a snapshot is sent to a member (0: no bound).")
      ->check(CLI::NonNegativeNumber);
  one("--scrub-interval", &options->scrub_interval_s,
      "Seconds between rounds of comparing all files with their checksums (0: none).")
      ->check(CLI::NonNegativeNumber);
  app->add_flag("--strict-reconfig-check", options->strict_reconfig_check,
                "Refuse changes of the members that would endanger the quorum.")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  one("--max-learners,--experimental-max-learners", &options->max_learners,
      "The most members that may be learners.");
  one("--log-level", &options->log_level, "debug, info, warn, error, panic or fatal.");
}

// Go's flags may begin with one dash; CLI11's long ones must have two. A negative number is a
// value.
std::string NormaliseDashes(const std::string& argument) {
  const bool single = argument.size() > 2 && argument[0] == '-' && argument[1] != '-' &&
                      std::isdigit(static_cast<unsigned char>(argument[1])) == 0;
  return single ? "-" + argument : argument;
}

std::string VariableName(std::string_view prefix, const std::string& flag) {
  std::string name(prefix);
  for (const char c : flag) {
    name.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  return name;
}

std::set<std::string> FlagsGiven(const std::vector<std::string>& arguments) {
  std::set<std::string> given;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--")) given.insert(argument.substr(2, argument.find('=') - 2));
  }
  return given;
}

// Appends what the environment sets and the command line does not.
void AddEnvironment(const CLI::App& app, const GetEnv& get_env,
                    std::vector<std::string>* arguments) {
  const std::set<std::string> given = FlagsGiven(*arguments);
  for (const CLI::Option* option : app.get_options()) {
    const std::string& flag = option->get_lnames().front();
    if (given.contains(flag)) continue;
    for (const char* prefix : {"STELE_", "ETCD_"}) {
      const char* value = get_env(VariableName(prefix, flag).c_str());
      if (value == nullptr) continue;
      arguments->push_back("--" + flag + "=" + value);
      break;
    }
  }
}

std::string Nearest(const CLI::App& app, std::string flag) {
  flag = flag.substr(0, flag.find('='));
  std::string best;
  std::size_t best_shared = 0;
  for (const CLI::Option* option : app.get_options()) {
    const std::string candidate = "--" + option->get_lnames().front();
    const auto mismatch =
        std::mismatch(flag.begin(), flag.end(), candidate.begin(), candidate.end());
    const auto shared = static_cast<std::size_t>(mismatch.first - flag.begin());
    if (shared > best_shared) {
      best = candidate;
      best_shared = shared;
    }
  }
  return best_shared > 3 ? " (did you mean " + best + "?)" : "";
}

absl::Status CheckUrls(const char* flag, const std::vector<std::string>& urls) {
  if (urls.empty()) return Invalid(fmt::format("{}: no URL given", flag));
  for (const std::string& url : urls) {
    absl::StatusOr<Url> parsed = ParseUrl(url);
    if (!parsed.ok()) {
      return Invalid(fmt::format("{}: {}", flag, std::string(parsed.status().message())));
    }
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
    if (absl::Status status = CheckUrls(kFlag, {url}); !status.ok()) return status;
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

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                             const GetEnv& get_env) {
  CommandLine result;
  CLI::App app("steled: a replicated key-value store behind the etcd v3 API.", "steled");
  app.set_help_flag();
  AddFlags(&result.options, &app);
  std::vector<std::string> args;
  args.reserve(arguments.size());
  for (const std::string& argument : arguments) args.push_back(NormaliseDashes(argument));
  for (const std::string& argument : args) {
    if (argument == "--help" || argument == "-h") {
      result.outcome = CommandLineOutcome::kPrintAndExit;
      result.text = app.help();
      return result;
    }
    if (argument == "--version") {
      result.outcome = CommandLineOutcome::kPrintAndExit;
      result.text = fmt::format("steled Version: {}\netcd API: {}\n", STELE_VERSION, kApiVersion);
      return result;
    }
  }
  AddEnvironment(app, get_env, &args);
  std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
  try {
    app.parse(args);
  } catch (const CLI::ExtrasError&) {
    const std::string unknown = app.remaining().empty() ? args.back() : app.remaining().front();
    return Invalid(fmt::format("unknown flag or argument: {}{}", unknown, Nearest(app, unknown)));
  } catch (const CLI::ParseError& error) {
    return Invalid(error.what());
  }
  if (absl::Status status = ValidateOptions(&result.options); !status.ok()) return status;
  return result;
}

absl::Status ValidateOptions(Options* options) {
  if (options->name.empty()) return Invalid("--name: is empty");
  if (options->data_dir.empty()) options->data_dir = options->name + ".stele";
  const std::pair<const char*, const std::vector<std::string>*> url_flags[] = {
      {"--listen-client-urls", &options->listen_client_urls},
      {"--advertise-client-urls", &options->advertise_client_urls},
      {"--listen-peer-urls", &options->listen_peer_urls},
      {"--initial-advertise-peer-urls", &options->initial_advertise_peer_urls}};
  for (const auto& [flag, urls] : url_flags) {
    if (absl::Status status = CheckUrls(flag, *urls); !status.ok()) return status;
  }
  options->initial_cluster_given = !options->initial_cluster.empty();
  if (!options->initial_cluster_given) {
    for (const std::string& url : options->initial_advertise_peer_urls) {
      if (!options->initial_cluster.empty()) options->initial_cluster += ",";
      options->initial_cluster += fmt::format("{}={}", options->name, url);
    }
  }
  if (options->initial_cluster_state != "new" && options->initial_cluster_state != "existing") {
    return Invalid(fmt::format("--initial-cluster-state: '{}' is neither 'new' nor 'existing'",
                               options->initial_cluster_state));
  }
  if (options->snapshot_count == 0) return Invalid("--snapshot-count: must be at least 1");
  if (options->max_txn_ops < 1) return Invalid("--max-txn-ops: must be at least 1");
  if (options->max_learners < 0) return Invalid("--max-learners: is negative");
  if (options->max_request_bytes < 1024 || options->max_request_bytes > (1ull << 30)) {
    return Invalid(fmt::format("--max-request-bytes: {} is not between 1 KiB and 1 GiB",
                               options->max_request_bytes));
  }
  static const std::set<std::string> kLevels = {"debug", "info", "warn", "error", "panic", "fatal"};
  if (!kLevels.contains(options->log_level)) {
    return Invalid(fmt::format(
        "--log-level: '{}' is none of debug, info, warn, error, panic, fatal", options->log_level));
  }
  if (absl::Status status = CheckTimes(*options); !status.ok()) return status;
  absl::StatusOr<AutoCompactionPolicy> policy =
      ParseAutoCompaction(options->auto_compaction_mode, options->auto_compaction_retention);
  if (!policy.ok()) return policy.status();
  options->auto_compaction = *policy;
  const std::string& interval = options->watch_progress_notify_interval;
  if (!absl::ParseDuration(interval, &options->watch_progress_interval) ||
      options->watch_progress_interval < absl::Milliseconds(100)) {
    return Invalid(fmt::format(
        "--watch-progress-notify-interval: '{}' is no duration of at least 100ms", interval));
  }
  return CheckInitialCluster(options);
}

}  // namespace stele::server
