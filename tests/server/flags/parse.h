// Command lines and environments for tests of the flags.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/server/flags/command_line.h"

namespace stele::server {

inline absl::StatusOr<CommandLine> Parse(const std::vector<std::string>& arguments,
                                         const Environment& environment = {}) {
  return ParseCommandLine(arguments, environment);
}

inline std::string ErrorOf(const std::vector<std::string>& arguments,
                           const Environment& environment = {}) {
  absl::StatusOr<CommandLine> parsed = Parse(arguments, environment);
  return parsed.ok() ? "no error" : std::string(parsed.status().message());
}

// The options of a command line that must be right.
inline Options OptionsOf(const std::vector<std::string>& arguments,
                         const Environment& environment = {}) {
  absl::StatusOr<CommandLine> parsed = Parse(arguments, environment);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->options : Options();
}

inline std::vector<std::string> WarningsOf(const std::vector<std::string>& arguments,
                                           const Environment& environment = {}) {
  absl::StatusOr<CommandLine> parsed = Parse(arguments, environment);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->warnings : std::vector<std::string>{"an error"};
}

}  // namespace stele::server
