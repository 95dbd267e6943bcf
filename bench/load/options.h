// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/load/key_sequence.h"

namespace stele::load {

struct Options {
  std::string workload;  // a name of workload_table.h

  std::vector<std::string> endpoints = {"127.0.0.1:2379"};
  bool target_leader = false;
  std::uint32_t conns = 1;
  std::uint32_t clients = 1;
  std::uint32_t threads = 1;

  // Whichever comes first ends the run; 0 is no limit. At least one is set after parsing.
  std::uint64_t total = 0;
  absl::Duration duration = absl::ZeroDuration();
  double rate = 0;  // operations a second, all clients together; 0: closed loop
  absl::Duration timeout = absl::Seconds(10);
  std::vector<int> server_pids;  // whose CPU time is accounted with the run

  KeyOrder key_order = KeyOrder::kSequential;
  std::uint64_t key_space = 100'000;
  std::size_t key_size = 8;
  std::size_t value_size = 256;
  bool serializable = false;
  unsigned read_percent = 90;
  std::uint64_t list_keys = 10'000;  // of one operation of "list"
  std::uint64_t page_size = 500;     // of one operation of "page"
  std::uint64_t txn_ops = 1;         // puts in a transaction
  bool prefill = false;              // every key is written once before the measured run

  std::uint64_t watchers = 1000;   // that every put of "watch-fanout" must reach
  std::uint32_t streams = 0;       // that carry them; 0: one a connection
  std::uint64_t history = 10'000;  // events that "watch-catchup" reads back
  std::uint64_t leases = 1000;     // granted before they are kept alive
  std::int64_t ttl_s = 600;        // of leases
  std::uint64_t seed = 1;

  bool json = false;
};

struct CommandLine {
  std::optional<Options> options;  // nullopt: print `text` and exit with success
  std::string text;
};

// The error is one line for the user.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

}  // namespace stele::load
