// Values in the text forms of Go's flag package, which etcd's users write: 0x10 and 1_000 for
// numbers, T and false for booleans, 1h2m3.5s for durations. Errors are the cause alone.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace stele::server {

absl::StatusOr<bool> ParseGoBool(std::string_view text);
absl::StatusOr<std::int64_t> ParseGoInt(std::string_view text);
absl::StatusOr<std::uint64_t> ParseGoUint(std::string_view text);
absl::StatusOr<absl::Duration> ParseGoDuration(std::string_view text);

}  // namespace stele::server
