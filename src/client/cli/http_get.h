// One HTTP request, for what servers say outside of gRPC.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace stele::cli {

// The body of http://`authority``path`. Unavailable when nobody answers within the time, or not
// with 200.
absl::StatusOr<std::string> HttpGet(const std::string& authority, const std::string& path,
                                    absl::Duration timeout);

}  // namespace stele::cli
