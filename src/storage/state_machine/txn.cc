#include "src/storage/state_machine/txn.h"

#include <deque>

#include "absl/status/statusor.h"
#include "src/raft/check.h"
#include "src/storage/mvcc/compare.h"
#include "src/storage/mvcc/errors.h"

namespace stele::storage {

namespace {

using etcdserverpb::RequestOp;
using etcdserverpb::ResponseOp;
using etcdserverpb::TxnRequest;
using etcdserverpb::TxnResponse;

using Ops = google::protobuf::RepeatedPtrField<RequestOp>;

// Whether each transaction on the taken path succeeds, in the order they are met.
using Verdicts = std::deque<bool>;

absl::StatusOr<bool> EvaluateCompares(const KeySource& source, const TxnRequest& request) {
  for (const etcdserverpb::Compare& compare : request.compare()) {
    absl::StatusOr<bool> result = EvaluateCompare(source, compare);
    if (!result.ok() || !*result) return result;
  }
  return true;
}

absl::Status DecidePath(const KeySource& source, const TxnRequest& request, Verdicts* verdicts) {
  absl::StatusOr<bool> succeeded = EvaluateCompares(source, request);
  if (!succeeded.ok()) return succeeded.status();
  verdicts->push_back(*succeeded);
  for (const RequestOp& op : *succeeded ? request.success() : request.failure()) {
    if (!op.has_request_txn()) continue;
    absl::Status status = DecidePath(source, op.request_txn(), verdicts);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RunBranch(TxnStore& store, TxnRequest* request, Verdicts* verdicts,
                       TxnResponse* response);

absl::Status RunOp(TxnStore& store, RequestOp* op, Verdicts* verdicts, ResponseOp* response) {
  switch (op->request_case()) {
    case RequestOp::kRequestRange:
      return store.Range(op->request_range(), response->mutable_response_range());
    case RequestOp::kRequestPut:
      return store.Put(op->mutable_request_put(), response->mutable_response_put());
    case RequestOp::kRequestDeleteRange:
      return store.DeleteRange(op->request_delete_range(),
                               response->mutable_response_delete_range());
    case RequestOp::kRequestTxn: {
      TxnResponse* nested = response->mutable_response_txn();
      nested->mutable_header();  // Present and empty, unlike that of any other operation.
      return RunBranch(store, op->mutable_request_txn(), verdicts, nested);
    }
    case RequestOp::REQUEST_NOT_SET:
      break;
  }
  return KeyNotFoundError();
}

absl::Status RunBranch(TxnStore& store, TxnRequest* request, Verdicts* verdicts,
                       TxnResponse* response) {
  STELE_CHECK(!verdicts->empty());
  const bool succeeded = verdicts->front();
  verdicts->pop_front();
  response->set_succeeded(succeeded);
  Ops* ops = succeeded ? request->mutable_success() : request->mutable_failure();
  for (RequestOp& op : *ops) {
    absl::Status status = RunOp(store, &op, verdicts, response->add_responses());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

bool AnyRangeAtRevision(const Ops& ops) {
  for (const RequestOp& op : ops) {
    if (op.has_request_range() && op.request_range().revision() > 0) return true;
    if (op.has_request_txn() && HasRangeAtRevision(op.request_txn())) return true;
  }
  return false;
}

}  // namespace

absl::Status RunTxn(TxnStore& store, TxnRequest* request, TxnResponse* response) {
  Verdicts verdicts;
  absl::Status status = DecidePath(store.Latest(), *request, &verdicts);
  if (status.ok()) status = RunBranch(store, request, &verdicts, response);
  STELE_CHECK(!status.ok() || verdicts.empty());
  return status;
}

bool HasRangeAtRevision(const TxnRequest& request) {
  return AnyRangeAtRevision(request.success()) || AnyRangeAtRevision(request.failure());
}

}  // namespace stele::storage
