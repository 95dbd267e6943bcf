// The answers of the server itself that clients match on: code and text are the wire's. Those that
// the store gives too have their home there and are only named here.
#pragma once

#include "absl/status/status.h"
#include "src/storage/mvcc/errors.h"

namespace stele::server {

using storage::EmptyKeyError;
using storage::InvalidSortOptionError;
using storage::KeyNotFoundError;
using storage::LeaseProvidedError;
using storage::LeaseTtlTooLargeError;
using storage::MemberNotFoundError;
using storage::NoSpaceError;
using storage::NotLeaderError;
using storage::PeerUrlExistsError;
using storage::ValueProvidedError;

absl::Status TooManyOpsError();
absl::Status DuplicateKeyError();
absl::Status NoLeaderError();
absl::Status StoppedError();
absl::Status TimeoutError();
absl::Status TimeoutDueToLeaderFailError();
absl::Status RequestTooLargeError();
absl::Status TooManyRequestsError();
absl::Status TimeoutDueToConnectionLostError();
absl::Status TimeoutOfTransferError();

// Members.
absl::Status MemberBadUrlsError();
absl::Status MemberExistsError();
absl::Status MemberNotLearnerError();
absl::Status MemberNotEnoughStartedError();
absl::Status TooManyLearnersError();
absl::Status LearnerNotReadyError();
absl::Status UnhealthyError();
absl::Status BadLeaderTransfereeError();
absl::Status NotSupportedForLearnerError();
// What a member that was removed hears from the others: it must stop.
absl::Status MemberRemovedError();
bool IsMemberRemoved(const absl::Status& status);

}  // namespace stele::server
