#include "src/server/api/errors.h"

namespace stele::server {

absl::Status TooManyOpsError() {
  return absl::InvalidArgumentError("etcdserver: too many operations in txn request");
}
absl::Status DuplicateKeyError() {
  return absl::InvalidArgumentError("etcdserver: duplicate key given in txn request");
}
absl::Status NoLeaderError() { return absl::UnavailableError("etcdserver: no leader"); }
absl::Status StoppedError() { return absl::UnavailableError("etcdserver: server stopped"); }
absl::Status TimeoutError() { return absl::UnavailableError("etcdserver: request timed out"); }
absl::Status TimeoutDueToLeaderFailError() {
  return absl::UnavailableError(
      "etcdserver: request timed out, possibly due to previous leader failure");
}
absl::Status RequestTooLargeError() {
  return absl::InvalidArgumentError("etcdserver: request is too large");
}
absl::Status TooManyRequestsError() {
  return absl::ResourceExhaustedError("etcdserver: too many requests");
}
absl::Status TimeoutDueToConnectionLostError() {
  return absl::UnavailableError("etcdserver: request timed out, possibly due to connection lost");
}
absl::Status TimeoutOfTransferError() {
  return absl::UnavailableError("etcdserver: request timed out, leader transfer took too long");
}

absl::Status MemberBadUrlsError() {
  return absl::InvalidArgumentError("etcdserver: given member URLs are invalid");
}
absl::Status MemberExistsError() {
  return absl::FailedPreconditionError("etcdserver: member ID already exist");
}
absl::Status MemberNotLearnerError() {
  return absl::FailedPreconditionError("etcdserver: can only promote a learner member");
}
absl::Status MemberNotEnoughStartedError() {
  return absl::FailedPreconditionError(
      "etcdserver: re-configuration failed due to not enough started members");
}
absl::Status TooManyLearnersError() {
  return absl::FailedPreconditionError("etcdserver: too many learner members in cluster");
}
absl::Status LearnerNotReadyError() {
  return absl::FailedPreconditionError(
      "etcdserver: can only promote a learner member which is in sync with leader");
}
absl::Status UnhealthyError() { return absl::UnavailableError("etcdserver: unhealthy cluster"); }
absl::Status BadLeaderTransfereeError() {
  return absl::FailedPreconditionError("etcdserver: bad leader transferee");
}
absl::Status NotSupportedForLearnerError() {
  return absl::FailedPreconditionError("etcdserver: rpc not supported for learner");
}
absl::Status MemberRemovedError() {
  return absl::FailedPreconditionError("the member has been permanently removed from the cluster");
}
bool IsMemberRemoved(const absl::Status& status) { return status == MemberRemovedError(); }

}  // namespace stele::server
