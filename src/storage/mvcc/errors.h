// The answers of the store that clients match on: code and text are the wire's.
#pragma once

#include "absl/status/status.h"

namespace stele::storage {

absl::Status CompactedError();
absl::Status FutureRevisionError();
absl::Status EmptyKeyError();
absl::Status KeyNotFoundError();
absl::Status ValueProvidedError();
absl::Status LeaseProvidedError();
absl::Status InvalidSortOptionError();
absl::Status LeaseNotFoundError();
absl::Status LeaseExistsError();
absl::Status LeaseTtlTooLargeError();
absl::Status MemberNotFoundError();
absl::Status PeerUrlExistsError();
absl::Status NotLeaderError();
absl::Status NoSpaceError();
absl::Status CorruptError();

}  // namespace stele::storage
