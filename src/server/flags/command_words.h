// The words of the command line, with the conventions of Go's flag package: one dash or two, values
// behind '=' or in the next word whatever that begins with, booleans only behind '='; everything
// ends at the first word that is no flag.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "src/server/flags/given_flag.h"

namespace stele::server {

struct CommandWords {
  std::vector<GivenFlag> flags;  // in the order given
  bool help = false;             // nothing behind it was looked at
};

// Errors as in given_flag.h, one line that names the flag.
absl::StatusOr<CommandWords> ParseWords(const std::vector<std::string>& words);

}  // namespace stele::server
