#include "bench/load/options.h"

#include <CLI/CLI.hpp>
#include <map>

#include "bench/load/fan_out.h"
#include "bench/load/workload_table.h"
#include "fmt/format.h"

namespace stele::load {
namespace {

constexpr std::uint64_t kDefaultTotal = 10'000;
constexpr std::uint32_t kClientsMax = 1'000'000;
constexpr std::uint32_t kConnsMax = 50'000;
constexpr std::uint32_t kThreadsMax = 256;
constexpr std::size_t kValueSizeMax = 256U << 20;
constexpr std::uint64_t kTxnOpsMax = 100'000;

const CLI::Validator kIsDuration(
    [](const std::string& text) {
      absl::Duration parsed;
      const bool good = absl::ParseDuration(text, &parsed) && parsed > absl::ZeroDuration();
      return good ? std::string() : text + " is not a duration such as 10s or 500ms";
    },
    "DURATION");

void AddLoadFlags(CLI::App* app, Options* options) {
  app->add_option("--endpoints", options->endpoints,
                  "Members to load, host:port, separated by commas; connections take turns")
      ->delimiter(',')
      ->capture_default_str();
  app->add_flag("--target-leader", options->target_leader,
                "Ask every endpoint who leads and load that one only");
  app->add_option("--conns", options->conns, "TCP connections, all threads together")
      ->check(CLI::Range(1U, kConnsMax))
      ->capture_default_str();
  app->add_option("--clients", options->clients,
                  "Operations in flight at most, all connections together")
      ->check(CLI::Range(1U, kClientsMax))
      ->capture_default_str();
  app->add_option("--threads", options->threads, "Threads of the load generator")
      ->check(CLI::Range(1U, kThreadsMax))
      ->capture_default_str();
  app->add_option("--total", options->total, "Operations to do (default 10000 without --duration)");
  app->add_option_function<std::string>(
         "--duration",
         [options](const std::string& t) { absl::ParseDuration(t, &options->duration); },
         "Time after which no operation starts")
      ->check(kIsDuration);
  app->add_option(
         "--rate", options->rate,
         "Operations a second, started on time whether or not the server keeps up; latency "
         "counts from the intended start (default: as fast as the answers come)")
      ->check(CLI::NonNegativeNumber);
  app->add_option_function<std::string>(
         "--timeout",
         [options](const std::string& t) { absl::ParseDuration(t, &options->timeout); },
         "Time after which an operation, or a lost connection, counts as failed (default 10s)")
      ->check(kIsDuration);
  app->add_option("--server-pids", options->server_pids,
                  "Local processes whose CPU time during the measured run is reported")
      ->delimiter(',');
}

void AddDataFlags(CLI::App* app, Options* options) {
  static const std::map<std::string, KeyOrder> kOrders = {{"sequential", KeyOrder::kSequential},
                                                          {"random", KeyOrder::kRandom},
                                                          {"one", KeyOrder::kOne}};
  app->add_option("--keys", options->key_order, "Which key is next: sequential, random or one")
      ->transform(CLI::CheckedTransformer(kOrders));
  app->add_option("--key-space", options->key_space, "Number of different keys")
      ->capture_default_str();
  app->add_option("--key-size", options->key_size, "Bytes of a key")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app->add_option("--value-size", options->value_size, "Bytes of a value")
      ->check(CLI::Range(std::size_t{0}, kValueSizeMax))
      ->capture_default_str();
  app->add_flag("--serializable", options->serializable,
                "Read from the asked member's own state (default: linearizable)");
  app->add_option("--read-percent", options->read_percent, "Share of reads in a mixed load")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app->add_option("--list-keys", options->list_keys, "Keys that one list reads")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--page-size", options->page_size, "Keys of a page")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--txn-ops", options->txn_ops, "Puts in a transaction")
      ->check(CLI::Range(std::uint64_t{1}, kTxnOpsMax))
      ->capture_default_str();
  app->add_flag("--prefill", options->prefill, "Write every key once before the run");
  app->add_option("--seed", options->seed, "Of the random keys and values")->capture_default_str();
}

void AddWatchAndLeaseFlags(CLI::App* app, Options* options) {
  app->add_option("--watchers", options->watchers, "Watchers that every put must reach")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--streams", options->streams,
                  "Streams that carry the watchers (default: one a connection)");
  app->add_option("--history", options->history, "Events that a watch from the past reads")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--leases", options->leases, "Leases that are kept alive")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--ttl", options->ttl_s, "Seconds that a lease lasts")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

absl::Status CompleteFanOut(Options* options) {
  if (options->streams == 0) options->streams = options->conns;
  if (options->threads != 1) {
    return absl::InvalidArgumentError("watch-fanout has one thread");
  }
  if (options->value_size < FanOut::kNumberBytes) {
    return absl::InvalidArgumentError(
        fmt::format("watch-fanout needs a --value-size of at least {}", FanOut::kNumberBytes));
  }
  return absl::OkStatus();
}

absl::Status Complete(Options* options) {
  if (options->total == 0 && options->duration == absl::ZeroDuration()) {
    options->total = kDefaultTotal;
  }
  if (options->workload == FanOut::kName) return CompleteFanOut(options);
  if (options->clients < options->conns) options->conns = options->clients;
  if (options->threads > options->conns) {
    return absl::InvalidArgumentError(
        "--threads must not exceed the connections (--conns, at most --clients)");
  }
  if (options->workload == "txn" && options->txn_ops > options->key_space) {
    return absl::InvalidArgumentError("--txn-ops must not exceed --key-space");
  }
  return KeySequence::Validate({.key_space = options->key_space, .key_size = options->key_size});
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  Options options;
  CLI::App app("Loads an etcd v3 endpoint and reports rate, latency, errors and its own CPU time.",
               "stele-bench");
  app.require_subcommand(1);
  app.fallthrough();
  for (const WorkloadRow& row : WorkloadTable()) {
    app.add_subcommand(std::string(row.name), std::string(row.help));
  }
  AddLoadFlags(&app, &options);
  AddDataFlags(&app, &options);
  AddWatchAndLeaseFlags(&app, &options);
  app.add_flag("--json", options.json, "Print the result as JSON");
  app.footer("Example: stele-bench put --conns 100 --clients 1000 --total 100000");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return CommandLine{.options = std::nullopt, .text = app.help()};
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  options.workload = app.get_subcommands().front()->get_name();
  if (absl::Status status = Complete(&options); !status.ok()) return status;
  return CommandLine{.options = std::move(options), .text = ""};
}

}  // namespace stele::load
