// Every error a client can match on, with the exact code and text of the wire, in one place.
#pragma once

#include "absl/status/status.h"

namespace stele::server {

absl::Status EmptyKeyError();
absl::Status KeyNotFoundError();
absl::Status ValueProvidedError();
absl::Status LeaseProvidedError();
absl::Status TooManyOpsError();
absl::Status DuplicateKeyError();
absl::Status InvalidSortOptionError();
absl::Status LeaseNotFoundError();
absl::Status LeaseTtlTooLargeError();
absl::Status NoLeaderError();
absl::Status NotLeaderError();
absl::Status LeaderChangedError();
absl::Status StoppedError();
absl::Status TimeoutError();
absl::Status TimeoutDueToLeaderFailError();
absl::Status RequestTooLargeError();
absl::Status TooManyRequestsError();
absl::Status NoSpaceError();

}  // namespace stele::server
