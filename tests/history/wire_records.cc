#include "tests/history/wire_records.h"

#include <string_view>

namespace stele::history {
namespace {

namespace pb = etcdserverpb;

pb::Compare ToCompare(const Compare& compare) {
  pb::Compare wire;
  wire.set_key(compare.key);
  switch (compare.target) {
    case Compare::Target::kVersion:
      wire.set_target(pb::Compare::VERSION);
      wire.set_version(compare.number);
      break;
    case Compare::Target::kCreate:
      wire.set_target(pb::Compare::CREATE);
      wire.set_create_revision(compare.number);
      break;
    case Compare::Target::kMod:
      wire.set_target(pb::Compare::MOD);
      wire.set_mod_revision(compare.number);
      break;
    case Compare::Target::kValue:
      wire.set_target(pb::Compare::VALUE);
      wire.set_value(compare.value);
      break;
    case Compare::Target::kLease:
      wire.set_target(pb::Compare::LEASE);
      wire.set_lease(compare.number);
      break;
  }
  switch (compare.relation) {
    case Compare::Relation::kEqual:
      wire.set_result(pb::Compare::EQUAL);
      break;
    case Compare::Relation::kGreater:
      wire.set_result(pb::Compare::GREATER);
      break;
    case Compare::Relation::kLess:
      wire.set_result(pb::Compare::LESS);
      break;
    case Compare::Relation::kNotEqual:
      wire.set_result(pb::Compare::NOT_EQUAL);
      break;
  }
  return wire;
}

pb::TxnRequest ToTxn(const std::vector<Compare>& compares, const std::vector<Step>& success,
                     const std::vector<Step>& failure);

pb::RequestOp ToRequestOp(const Step& step) {
  pb::RequestOp wire;
  switch (step.kind) {
    case Step::Kind::kPut:
      *wire.mutable_request_put() = ToPut(step);
      break;
    case Step::Kind::kDelete:
      *wire.mutable_request_delete_range() = ToDeleteRange(step);
      break;
    case Step::Kind::kRange:
      *wire.mutable_request_range() = ToRange(step, false);
      break;
    case Step::Kind::kTxn:
      *wire.mutable_request_txn() =
          ToTxn(step.nested->compares, step.nested->success, step.nested->failure);
      break;
  }
  return wire;
}

pb::TxnRequest ToTxn(const std::vector<Compare>& compares, const std::vector<Step>& success,
                     const std::vector<Step>& failure) {
  pb::TxnRequest wire;
  for (const Compare& compare : compares) *wire.add_compare() = ToCompare(compare);
  for (const Step& step : success) *wire.add_success() = ToRequestOp(step);
  for (const Step& step : failure) *wire.add_failure() = ToRequestOp(step);
  return wire;
}

std::vector<StepResult> ToResults(const pb::TxnResponse& response) {
  std::vector<StepResult> results;
  for (const pb::ResponseOp& each : response.responses()) {
    if (each.has_response_put()) {
      results.push_back(ToResult(each.response_put()));
    } else if (each.has_response_delete_range()) {
      results.push_back(ToResult(each.response_delete_range()));
    } else if (each.has_response_txn()) {
      const pb::TxnResponse& nested = each.response_txn();
      results.push_back({.succeeded = nested.succeeded(), .results = ToResults(nested)});
    } else {
      results.push_back(ToResult(each.response_range()));
    }
  }
  return results;
}

}  // namespace

KeyVersion ToKeyVersion(const mvccpb::KeyValue& kv) {
  return {kv.key(), kv.value(), kv.create_revision(), kv.mod_revision(), kv.version(), kv.lease()};
}

EventRecord ToEventRecord(const mvccpb::Event& event) {
  EventRecord record{.deletes = event.type() == mvccpb::Event::DELETE,
                     .kv = ToKeyVersion(event.kv())};
  if (event.has_prev_kv()) record.previous = ToKeyVersion(event.prev_kv());
  return record;
}

pb::PutRequest ToPut(const Step& step) {
  pb::PutRequest wire;
  wire.set_key(step.key);
  if (!step.ignore_value) wire.set_value(step.value);
  wire.set_lease(step.lease);
  wire.set_prev_kv(step.prev_kv);
  wire.set_ignore_value(step.ignore_value);
  wire.set_ignore_lease(step.ignore_lease);
  return wire;
}

pb::DeleteRangeRequest ToDeleteRange(const Step& step) {
  pb::DeleteRangeRequest wire;
  wire.set_key(step.key);
  wire.set_range_end(step.range_end);
  wire.set_prev_kv(step.prev_kv);
  return wire;
}

pb::RangeRequest ToRange(const Step& step, bool serializable) {
  pb::RangeRequest wire;
  wire.set_key(step.key);
  wire.set_range_end(step.range_end);
  wire.set_revision(step.revision);
  wire.set_limit(step.limit);
  wire.set_count_only(step.count_only);
  wire.set_keys_only(step.keys_only);
  wire.set_serializable(serializable);
  return wire;
}

pb::TxnRequest ToTxn(const Operation& operation) {
  return ToTxn(operation.compares, operation.success, operation.failure);
}

StepResult ToResult(const pb::PutResponse& response) {
  StepResult result;
  if (response.has_prev_kv()) result.kvs.push_back(ToKeyVersion(response.prev_kv()));
  return result;
}

StepResult ToResult(const pb::DeleteRangeResponse& response) {
  StepResult result;
  result.count = response.deleted();
  for (const mvccpb::KeyValue& kv : response.prev_kvs()) result.kvs.push_back(ToKeyVersion(kv));
  return result;
}

StepResult ToResult(const pb::RangeResponse& response) {
  StepResult result;
  result.count = response.count();
  result.more = response.more();
  for (const mvccpb::KeyValue& kv : response.kvs()) result.kvs.push_back(ToKeyVersion(kv));
  return result;
}

void NoteReply(const pb::TxnResponse& response, Operation* operation) {
  operation->revision = response.header().revision();
  operation->succeeded = response.succeeded();
  operation->results = ToResults(response);
}

void NoteError(const absl::Status& status, Operation* operation) {
  const std::string_view text(status.message().data(), status.message().size());
  const auto says = [text](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  };
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kResourceExhausted:
      operation->outcome = Outcome::kRefused;
      break;
    default:
      operation->outcome = Outcome::kUnknown;
      return;
  }
  if (says("has been compacted")) operation->refusal = Refusal::kCompacted;
  if (says("future revision")) operation->refusal = Refusal::kFutureRevision;
  if (says("lease not found")) operation->refusal = Refusal::kLeaseNotFound;
}

}  // namespace stele::history
