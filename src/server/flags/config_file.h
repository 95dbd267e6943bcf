// --config-file: etcd's YAML. Its keys are the flags' names and, for some, names in a section
// ("client-transport-security" with "cert-file"), which the flag table has as older names with a
// dot. Durations are whole numbers of nanoseconds, as for etcd, or text such as 10m. An empty value
// counts as none.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "src/server/flags/given_flag.h"

namespace stele::server {

// Errors as in given_flag.h: "PATH:LINE: KEY: cause", and "ORIGIN: cause" where `origin` named a
// file that cannot be read.
absl::StatusOr<std::vector<GivenFlag>> ReadConfigFile(const std::string& path,
                                                      const std::string& origin);

// The same of text that came from `path`.
absl::StatusOr<std::vector<GivenFlag>> ParseConfig(const std::string& text,
                                                   const std::string& path);

}  // namespace stele::server
