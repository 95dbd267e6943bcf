// Runs `stele` of this build as an operator does.
#pragma once

#include <string>
#include <vector>

namespace stele::process {

struct CommandOutcome {
  int exit_code = -1;
  std::string output;  // both standard output and standard error
};

// `endpoints` are host:port. Waits for the end, which the program's own time limit bounds.
CommandOutcome RunStele(const std::vector<std::string>& endpoints,
                        const std::vector<std::string>& words);

// The same, and fails the test unless it succeeds. Answers the output.
std::string Stele(const std::vector<std::string>& endpoints, const std::vector<std::string>& words);

// The value of NAME="value" in the output of `member add`.
std::string EnvironmentValue(const std::string& output, const std::string& name);

}  // namespace stele::process
