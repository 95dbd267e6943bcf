// A flag somebody gave a value to.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "src/server/flags/flag_row.h"

namespace stele::server {

struct GivenFlag {
  const FlagRow* row = nullptr;
  std::string value;
  std::string origin;  // "--name", "ETCD_NAME", "/etc/x.yml:3: name"
};

// The value of `row` that counts, which is the last one; nullptr if there is none.
inline const GivenFlag* LastGiven(const FlagRow& row, const std::vector<GivenFlag>& flags) {
  const auto found = std::find_if(flags.rbegin(), flags.rend(),
                                  [&](const GivenFlag& given) { return given.row == &row; });
  return found == flags.rend() ? nullptr : &*found;
}

// Which mistake keeps the daemon from starting, as the exit code tells.
//   kInvalidArgument     a word of the command line is wrong by itself (etcd ends with 2)
//   kFailedPrecondition  anything else (1)
inline absl::Status WrongWord(const std::string& text) { return absl::InvalidArgumentError(text); }
inline absl::Status WrongOptions(const std::string& text) {
  return absl::FailedPreconditionError(text);
}

}  // namespace stele::server
