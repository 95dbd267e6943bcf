#include "src/server/api/errors.h"

namespace stele::server {

absl::Status EmptyKeyError() {
  return absl::InvalidArgumentError("etcdserver: key is not provided");
}
absl::Status KeyNotFoundError() { return absl::InvalidArgumentError("etcdserver: key not found"); }
absl::Status ValueProvidedError() {
  return absl::InvalidArgumentError("etcdserver: value is provided");
}
absl::Status LeaseProvidedError() {
  return absl::InvalidArgumentError("etcdserver: lease is provided");
}
absl::Status TooManyOpsError() {
  return absl::InvalidArgumentError("etcdserver: too many operations in txn request");
}
absl::Status DuplicateKeyError() {
  return absl::InvalidArgumentError("etcdserver: duplicate key given in txn request");
}
absl::Status InvalidSortOptionError() {
  return absl::InvalidArgumentError("etcdserver: invalid sort option");
}
absl::Status LeaseNotFoundError() {
  return absl::NotFoundError("etcdserver: requested lease not found");
}
absl::Status LeaseTtlTooLargeError() {
  return absl::OutOfRangeError("etcdserver: too large lease TTL");
}
absl::Status NoLeaderError() { return absl::UnavailableError("etcdserver: no leader"); }
absl::Status NotLeaderError() { return absl::FailedPreconditionError("etcdserver: not leader"); }
absl::Status LeaderChangedError() { return absl::UnavailableError("etcdserver: leader changed"); }
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
absl::Status NoSpaceError() {
  return absl::ResourceExhaustedError("etcdserver: mvcc: database space exceeded");
}

}  // namespace stele::server
