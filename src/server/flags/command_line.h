// From words, variables and the file to the options of a member. A flag wins over STELE_*, which
// wins over ETCD_*; --config-file wins over all of them, as for etcd.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "src/server/flags/environment.h"
#include "src/server/options.h"

namespace stele::server {

enum class CommandLineOutcome : std::uint8_t { kRun, kPrintAndExit };

struct CommandLine {
  CommandLineOutcome outcome = CommandLineOutcome::kRun;
  std::string text;                   // of kPrintAndExit: help or version
  std::vector<std::string> warnings;  // to be logged once logging exists
  Options options;
};

// The error is one line that names the flag, the variable, or file and line, and the cause; its
// code is as in given_flag.h.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                             const Environment& environment);

// The options of a member that is told nothing, not yet validated.
Options StandardOptions();

}  // namespace stele::server
