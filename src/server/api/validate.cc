#include "src/server/api/validate.h"

#include <algorithm>
#include <set>
#include <string>

#include "src/server/api/errors.h"
#include "src/server/api/key_intervals.h"

namespace stele::server {
namespace {

using etcdserverpb::RequestOp;
using Operations = google::protobuf::RepeatedPtrField<RequestOp>;

absl::Status ValidateShape(const etcdserverpb::TxnRequest& request, int ops_max);

absl::Status ValidateOperation(const RequestOp& operation, int ops_max) {
  switch (operation.request_case()) {
    case RequestOp::kRequestRange:
      return ValidateRange(operation.request_range());
    case RequestOp::kRequestPut:
      return ValidatePut(operation.request_put());
    case RequestOp::kRequestDeleteRange:
      return ValidateDeleteRange(operation.request_delete_range());
    case RequestOp::kRequestTxn:
      return ValidateShape(operation.request_txn(), ops_max);
    case RequestOp::REQUEST_NOT_SET:
      break;
  }
  return KeyNotFoundError();  // this text for an empty operation is what clients know
}

// The keys that a list of operations puts and deletes, itself and by nested transactions.
struct Touched {
  std::set<std::string, std::less<>> puts;
  KeyIntervals deletes;
};

absl::Status AddBranchPuts(const Touched& branch, const std::set<std::string, std::less<>>* sibling,
                           Touched* touched) {
  for (const std::string& key : branch.puts) {
    const bool again = touched->puts.contains(key);
    // Only one of the two branches of a nested transaction runs, so both may put a key.
    const bool by_sibling = sibling != nullptr && sibling->contains(key);
    if ((again && !by_sibling) || touched->deletes.Contains(key)) return DuplicateKeyError();
    touched->puts.insert(key);
  }
  return absl::OkStatus();
}

absl::Status CheckDuplicates(const Operations& operations, Touched* touched);

absl::Status AddNested(const etcdserverpb::TxnRequest& txn, Touched* touched) {
  Touched success;
  Touched failure;
  absl::Status status = CheckDuplicates(txn.success(), &success);
  if (status.ok()) status = CheckDuplicates(txn.failure(), &failure);
  if (status.ok()) status = AddBranchPuts(success, nullptr, touched);
  if (status.ok()) status = AddBranchPuts(failure, &success.puts, touched);
  touched->deletes.AddAll(success.deletes);
  touched->deletes.AddAll(failure.deletes);
  return status;
}

// A key may be put once in what can run together, and not in a range that is deleted with it.
absl::Status CheckDuplicates(const Operations& operations, Touched* touched) {
  for (const RequestOp& operation : operations) {
    if (!operation.has_request_delete_range()) continue;
    const auto& range = operation.request_delete_range();
    touched->deletes.AddRange(range.key(), range.range_end());
  }
  for (const RequestOp& operation : operations) {
    if (!operation.has_request_txn()) continue;
    absl::Status status = AddNested(operation.request_txn(), touched);
    if (!status.ok()) return status;
  }
  for (const RequestOp& operation : operations) {
    if (!operation.has_request_put()) continue;
    const std::string& key = operation.request_put().key();
    if (touched->deletes.Contains(key)) return DuplicateKeyError();
    if (!touched->puts.insert(key).second) return DuplicateKeyError();
  }
  return absl::OkStatus();
}

// All but duplicate keys, which are looked for once, and only if nothing else is wrong.
absl::Status ValidateShape(const etcdserverpb::TxnRequest& request, int ops_max) {
  const int longest =
      std::max({request.compare_size(), request.success_size(), request.failure_size()});
  if (longest > ops_max) return TooManyOpsError();
  for (const etcdserverpb::Compare& compare : request.compare()) {
    if (compare.key().empty()) return EmptyKeyError();
  }
  for (const Operations* branch : {&request.success(), &request.failure()}) {
    for (const RequestOp& operation : *branch) {
      absl::Status status = ValidateOperation(operation, ops_max - longest);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateRange(const etcdserverpb::RangeRequest& request) {
  if (request.key().empty()) return EmptyKeyError();
  if (!etcdserverpb::RangeRequest::SortOrder_IsValid(request.sort_order()) ||
      !etcdserverpb::RangeRequest::SortTarget_IsValid(request.sort_target())) {
    return InvalidSortOptionError();
  }
  return absl::OkStatus();
}

absl::Status ValidatePut(const etcdserverpb::PutRequest& request) {
  if (request.key().empty()) return EmptyKeyError();
  if (request.ignore_value() && !request.value().empty()) return ValueProvidedError();
  if (request.ignore_lease() && request.lease() != 0) return LeaseProvidedError();
  return absl::OkStatus();
}

absl::Status ValidateDeleteRange(const etcdserverpb::DeleteRangeRequest& request) {
  return request.key().empty() ? EmptyKeyError() : absl::OkStatus();
}

absl::Status ValidateTxn(const etcdserverpb::TxnRequest& request, int ops_max) {
  absl::Status status = ValidateShape(request, ops_max);
  for (const Operations* branch : {&request.success(), &request.failure()}) {
    if (!status.ok()) return status;
    Touched touched;
    status = CheckDuplicates(*branch, &touched);
  }
  return status;
}

TxnNature NatureOf(const etcdserverpb::TxnRequest& request) {
  TxnNature nature;
  bool any_operation = false;
  for (const Operations* branch : {&request.success(), &request.failure()}) {
    for (const RequestOp& operation : *branch) {
      any_operation = true;
      if (!operation.has_request_range()) {
        nature.read_only = false;
      } else if (!operation.request_range().serializable()) {
        nature.serializable = false;
      }
    }
  }
  // Compares alone decide something; they must not be answered from a stale view.
  if (!any_operation) nature.serializable = false;
  return nature;
}

}  // namespace stele::server
