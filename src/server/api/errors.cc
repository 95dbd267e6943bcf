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
absl::Status NoSpaceError() {
  return absl::ResourceExhaustedError("etcdserver: mvcc: database space exceeded");
}

}  // namespace stele::server
