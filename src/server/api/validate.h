// What can be refused about a request without looking at any state. Pure functions; errors carry
// the wire's code and text.
#pragma once

#include "absl/status/status.h"
#include "proto/rpc.pb.h"

namespace stele::server {

absl::Status ValidateRange(const etcdserverpb::RangeRequest& request);
absl::Status ValidatePut(const etcdserverpb::PutRequest& request);
absl::Status ValidateDeleteRange(const etcdserverpb::DeleteRangeRequest& request);
// `ops_max`: the most compares or operations a list may have; nested transactions share what their
// parents leave.
absl::Status ValidateTxn(const etcdserverpb::TxnRequest& request, int ops_max);

// Whether a transaction can be answered from a view, and whether that view may be stale.
struct TxnNature {
  bool read_only = true;
  bool serializable = true;
};
TxnNature NatureOf(const etcdserverpb::TxnRequest& request);

}  // namespace stele::server
