// Between the messages of the API and the records of a history.
#pragma once

#include "absl/status/status.h"
#include "proto/rpc.pb.h"
#include "tests/history/history.h"

namespace stele::history {

KeyVersion ToKeyVersion(const mvccpb::KeyValue& kv);
EventRecord ToEventRecord(const mvccpb::Event& event);

etcdserverpb::PutRequest ToPut(const Step& step);
etcdserverpb::DeleteRangeRequest ToDeleteRange(const Step& step);
etcdserverpb::RangeRequest ToRange(const Step& step, bool serializable);
etcdserverpb::TxnRequest ToTxn(const Operation& operation);

StepResult ToResult(const etcdserverpb::PutResponse& response);
StepResult ToResult(const etcdserverpb::DeleteRangeResponse& response);
StepResult ToResult(const etcdserverpb::RangeResponse& response);
// Fills branch, results and revision.
void NoteReply(const etcdserverpb::TxnResponse& response, Operation* operation);

// What an error says about the operation: whether it may have happened, and why not.
void NoteError(const absl::Status& status, Operation* operation);

}  // namespace stele::history
