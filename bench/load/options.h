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

  KeyOrder key_order = KeyOrder::kSequential;
  std::uint64_t key_space = 100'000;
  std::size_t key_size = 8;
  std::size_t value_size = 256;
  bool serializable = false;
  unsigned read_percent = 90;
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
