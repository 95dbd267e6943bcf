// How the program ends, and errors that know it.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace stele::cli {

// Exit codes of etcd's command line, which scripts rely on.
enum ExitCode : int {
  kExitOk = 0,
  kExitError = 1,
  kExitBadConnection = 2,
  kExitInvalidInput = 3,
  kExitBadFeature = 4,
  kExitInterrupted = 5,
  kExitBadArguments = 128,
};

// A failure with the line to print behind "Error: " and the code to leave with. An empty message
// prints nothing.
absl::Status Failure(ExitCode code, const std::string& message);

// The code of a failure made above; kExitError for every other error, kExitOk for OK.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace stele::cli
