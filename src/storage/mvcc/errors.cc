#include "src/storage/mvcc/errors.h"

namespace stele::storage {

absl::Status CompactedError() {
  return absl::OutOfRangeError("etcdserver: mvcc: required revision has been compacted");
}
absl::Status FutureRevisionError() {
  return absl::OutOfRangeError("etcdserver: mvcc: required revision is a future revision");
}
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
absl::Status InvalidSortOptionError() {
  return absl::InvalidArgumentError("etcdserver: invalid sort option");
}
absl::Status LeaseNotFoundError() {
  return absl::NotFoundError("etcdserver: requested lease not found");
}
absl::Status LeaseExistsError() {
  return absl::FailedPreconditionError("etcdserver: lease already exists");
}
absl::Status LeaseTtlTooLargeError() {
  return absl::OutOfRangeError("etcdserver: too large lease TTL");
}
absl::Status MemberNotFoundError() { return absl::NotFoundError("etcdserver: member not found"); }
absl::Status PeerUrlExistsError() {
  return absl::FailedPreconditionError("etcdserver: Peer URLs already exists");
}
absl::Status NotLeaderError() { return absl::FailedPreconditionError("etcdserver: not leader"); }
absl::Status NoSpaceError() {
  return absl::ResourceExhaustedError("etcdserver: mvcc: database space exceeded");
}
absl::Status CorruptError() { return absl::DataLossError("etcdserver: corrupt cluster"); }

}  // namespace stele::storage
