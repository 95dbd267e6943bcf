// Several changes at once, if conditions hold.
//
//   auto answer = TxnBuilder()
//                     .When(CreateRevisionOf("job") == 0)
//                     .Then(PutOf("job", "mine", {.lease = id}))
//                     .Else(GetOf(KeyRange::One("job")))
//                     .Commit(client);
//   if (answer.ok() && answer->succeeded()) ...
//
// The conditions are all compared at the same moment; without one the first branch is taken. The
// responses of the answer stand in the order of the branch's operations. Pure but for Commit.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "proto/rpc.pb.h"
#include "src/client/client.h"
#include "src/client/requests.h"

namespace stele::client {

// One side of a condition: what is looked at, in which keys. A condition on a range holds when it
// holds for each key there.
class Operand {
 public:
  Operand(etcdserverpb::Compare::CompareTarget target, KeyRange range);

  // The condition that compares with a number (for revisions, versions and leases) ...
  etcdserverpb::Compare With(etcdserverpb::Compare::CompareResult result, int64_t number) const;
  // ... or with bytes (for values).
  etcdserverpb::Compare With(etcdserverpb::Compare::CompareResult result,
                             const std::string& bytes) const;

 private:
  etcdserverpb::Compare::CompareTarget target_;
  KeyRange range_;
};

// Of a key that does not exist all of these are 0; its value is never equal to anything.
Operand VersionOf(const std::string& key);
Operand CreateRevisionOf(const std::string& key);
Operand ModRevisionOf(const std::string& key);
Operand ValueOf(const std::string& key);
Operand LeaseOf(const std::string& key);

template <typename Right>
etcdserverpb::Compare operator==(const Operand& left, const Right& right) {
  return left.With(etcdserverpb::Compare::EQUAL, right);
}
template <typename Right>
etcdserverpb::Compare operator!=(const Operand& left, const Right& right) {
  return left.With(etcdserverpb::Compare::NOT_EQUAL, right);
}
template <typename Right>
etcdserverpb::Compare operator<(const Operand& left, const Right& right) {
  return left.With(etcdserverpb::Compare::LESS, right);
}
template <typename Right>
etcdserverpb::Compare operator>(const Operand& left, const Right& right) {
  return left.With(etcdserverpb::Compare::GREATER, right);
}

// An operation of a branch: a request of requests.h, or a whole txn.
class Operation {
 public:
  Operation(etcdserverpb::RangeRequest request);        // NOLINT(google-explicit-constructor)
  Operation(etcdserverpb::PutRequest request);          // NOLINT(google-explicit-constructor)
  Operation(etcdserverpb::DeleteRangeRequest request);  // NOLINT(google-explicit-constructor)
  Operation(etcdserverpb::TxnRequest request);          // NOLINT(google-explicit-constructor)

  etcdserverpb::RequestOp Take() && { return std::move(operation_); }

 private:
  etcdserverpb::RequestOp operation_;
};

class TxnBuilder {
 public:
  TxnBuilder& When(etcdserverpb::Compare condition);
  TxnBuilder& Then(Operation operation);
  TxnBuilder& Else(Operation operation);

  const etcdserverpb::TxnRequest& request() const { return request_; }

  absl::StatusOr<etcdserverpb::TxnResponse> Commit(Client& client, CallOptions options = {}) const {
    return client.Txn(request_, options);
  }

 private:
  etcdserverpb::TxnRequest request_;
};

}  // namespace stele::client
