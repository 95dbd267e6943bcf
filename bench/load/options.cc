#include "bench/load/options.h"

#include <CLI/CLI.hpp>
#include <map>

#include "bench/load/workload_table.h"

namespace stele::load {
namespace {

constexpr std::uint64_t kDefaultTotal = 10'000;
constexpr std::uint32_t kClientsMax = 1'000'000;
constexpr std::uint32_t kConnsMax = 50'000;
constexpr std::uint32_t kThreadsMax = 256;
constexpr std::size_t kValueSizeMax = 256U << 20;

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
  app->add_option("--seed", options->seed, "Of the random keys and values")->capture_default_str();
}

absl::Status Complete(Options* options) {
  if (options->total == 0 && options->duration == absl::ZeroDuration()) {
    options->total = kDefaultTotal;
  }
  if (options->clients < options->conns) options->conns = options->clients;
  if (options->threads > options->conns) {
    return absl::InvalidArgumentError(
        "--threads must not exceed the connections (--conns, at most --clients)");
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
