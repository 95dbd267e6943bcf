// The flags that the environment gives: STELE_DATA_DIR, which wins over ETCD_DATA_DIR, for
// --data-dir. Empty variables count as unset.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "src/server/flags/given_flag.h"

namespace stele::server {

using Environment = std::map<std::string, std::string>;

// Leaves out what `words` gave already. Each variable that is of no use, because something wins
// over it or no flag has its name, adds a warning. Errors as in given_flag.h.
absl::StatusOr<std::vector<GivenFlag>> FlagsOfEnvironment(const Environment& environment,
                                                          const std::vector<GivenFlag>& words,
                                                          std::vector<std::string>* warnings);

// Name and value of the variable for `row` that counts, unchecked; nullptr if there is none.
const Environment::value_type* VariableFor(const FlagRow& row, const Environment& environment);

}  // namespace stele::server
