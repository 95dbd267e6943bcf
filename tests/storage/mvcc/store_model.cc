#include "tests/storage/mvcc/store_model.h"

#include <algorithm>
#include <functional>

namespace stele::storage {

namespace {

using etcdserverpb::Compare;
using etcdserverpb::RangeRequest;

const std::string kToTheEnd(1, '\0');

bool InInterval(const std::string& key, const std::string& begin, const std::string& end) {
  if (end.empty()) return key == begin;
  if (end == kToTheEnd) return key >= begin;
  return key >= begin && key < end;
}

absl::Status Answer(absl::StatusCode code, const std::string& text) {
  return {code, "etcdserver: " + text};
}

template <class Number>
bool Holds(Compare::CompareResult result, const Number& found, const Number& wanted) {
  switch (result) {
    case Compare::EQUAL:
      return found == wanted;
    case Compare::NOT_EQUAL:
      return found != wanted;
    case Compare::GREATER:
      return found > wanted;
    case Compare::LESS:
      return found < wanted;
    default:
      return true;
  }
}

bool CompareOne(const Compare& compare, const mvccpb::KeyValue& kv) {
  switch (compare.target()) {
    case Compare::VERSION:
      return Holds(compare.result(), kv.version(), compare.version());
    case Compare::CREATE:
      return Holds(compare.result(), kv.create_revision(), compare.create_revision());
    case Compare::MOD:
      return Holds(compare.result(), kv.mod_revision(), compare.mod_revision());
    case Compare::LEASE:
      return Holds(compare.result(), kv.lease(), compare.lease());
    default:
      return Holds(compare.result(), kv.value(), compare.value());
  }
}

bool CompareAll(const Compare& compare, const KeySpace& keys) {
  bool found = false;
  for (const auto& [key, kv] : keys) {
    if (!InInterval(key, compare.key(), compare.range_end())) continue;
    found = true;
    if (!CompareOne(compare, kv)) return false;
  }
  if (found) return true;
  return compare.target() != Compare::VALUE && CompareOne(compare, mvccpb::KeyValue());
}

bool Passes(std::int64_t number, std::int64_t min, std::int64_t max) {
  return (min == 0 || number >= min) && (max == 0 || number <= max);
}

std::vector<mvccpb::KeyValue> Sorted(const RangeRequest& request,
                                     std::vector<mvccpb::KeyValue> kvs) {
  const auto less = [&](const mvccpb::KeyValue& a, const mvccpb::KeyValue& b) {
    switch (request.sort_target()) {
      case RangeRequest::VERSION:
        return a.version() < b.version();
      case RangeRequest::CREATE:
        return a.create_revision() < b.create_revision();
      case RangeRequest::MOD:
        return a.mod_revision() < b.mod_revision();
      case RangeRequest::VALUE:
        return a.value() < b.value();
      default:
        return a.key() < b.key();
    }
  };
  if (request.sort_order() == RangeRequest::DESCEND) {
    std::stable_sort(kvs.begin(), kvs.end(),
                     [&](const auto& a, const auto& b) { return less(b, a); });
  } else {
    std::stable_sort(kvs.begin(), kvs.end(), less);
  }
  return kvs;
}

void AnswerRange(const KeySpace& keys, const RangeRequest& request,
                 etcdserverpb::RangeResponse* response) {
  std::vector<mvccpb::KeyValue> kvs;
  std::int64_t count = 0;
  for (const auto& [key, kv] : keys) {
    if (!InInterval(key, request.key(), request.range_end())) continue;
    ++count;
    if (Passes(kv.mod_revision(), request.min_mod_revision(), request.max_mod_revision()) &&
        Passes(kv.create_revision(), request.min_create_revision(),
               request.max_create_revision())) {
      kvs.push_back(kv);
    }
  }
  response->set_count(count);
  if (request.count_only()) return;
  // Without an order, only what the limit lets through is sorted, and one more.
  const bool filtered = request.min_mod_revision() != 0 || request.max_mod_revision() != 0 ||
                        request.min_create_revision() != 0 || request.max_create_revision() != 0;
  if (request.sort_order() == RangeRequest::NONE && !filtered && request.limit() > 0 &&
      static_cast<std::int64_t>(kvs.size()) > request.limit()) {
    kvs.resize(static_cast<std::size_t>(request.limit() + 1));
  }
  kvs = Sorted(request, std::move(kvs));
  if (request.limit() > 0 && static_cast<std::int64_t>(kvs.size()) > request.limit()) {
    kvs.resize(static_cast<std::size_t>(request.limit()));
    response->set_more(true);
  }
  for (mvccpb::KeyValue& kv : kvs) {
    if (request.keys_only()) kv.clear_value();
    *response->add_kvs() = kv;
  }
}

}  // namespace

std::string DescribeKeyValue(const mvccpb::KeyValue* kv) {
  return kv == nullptr ? "none" : "{" + kv->ShortDebugString() + "}";
}

EventText DescribeEvent(std::int64_t revision, const Event& event, bool with_prev_kv) {
  return std::to_string(revision) + " " + mvccpb::Event::EventType_Name(event.type) + " " +
         DescribeKeyValue(event.kv.get()) +
         (with_prev_kv ? " was " + DescribeKeyValue(event.prev_kv.get()) : "");
}

std::string DescribeResult(const CommandResult& result) {
  std::string text = "id " + std::to_string(result.request_id) + " " + result.status.ToString() +
                     " at " + std::to_string(result.revision) + " kind " +
                     std::to_string(result.response.index()) + " ";
  std::visit(
      [&](const auto& response) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(response)>, std::monostate>) {
          text += response.ShortDebugString();
        }
      },
      result.response);
  return text;
}

CommandResult StoreModel::Apply(std::uint64_t term, const stelepb::Command& command) {
  CommandResult result;
  result.request_id = command.request_id();
  const KeySpace before = keys_;
  if (command.has_put()) {
    result.status = LeaseExists(command.put().lease());
    auto& response = result.response.emplace<etcdserverpb::PutResponse>();
    if (result.status.ok()) result.status = Put(command.put(), &response);
  } else if (command.has_delete_range()) {
    result.status = DeleteRange(command.delete_range(),
                                &result.response.emplace<etcdserverpb::DeleteRangeResponse>());
  } else if (command.has_txn()) {
    result.status =
        Txn(command.txn(), before, &result.response.emplace<etcdserverpb::TxnResponse>());
  } else if (command.has_compact()) {
    result.response.emplace<etcdserverpb::CompactionResponse>();
    const std::int64_t revision = command.compact().revision();
    if (revision <= compacted_) {
      result.status =
          Answer(absl::StatusCode::kOutOfRange, "mvcc: required revision has been compacted");
    } else if (revision > current_) {
      result.status =
          Answer(absl::StatusCode::kOutOfRange, "mvcc: required revision is a future revision");
    } else {
      compacted_ = revision;
    }
  } else if (command.has_lease_grant()) {
    const stelepb::LeaseGrant& grant = command.lease_grant();
    auto& response = result.response.emplace<etcdserverpb::LeaseGrantResponse>();
    if (leases_.count(grant.id()) != 0) {
      result.status = Answer(absl::StatusCode::kFailedPrecondition, "lease already exists");
    } else {
      leases_[grant.id()] = grant.ttl_seconds();
      response.set_id(grant.id());
      response.set_ttl(grant.ttl_seconds());
    }
  } else if (command.has_lease_revoke()) {
    result.response.emplace<etcdserverpb::LeaseRevokeResponse>();
    const stelepb::LeaseRevoke& revoke = command.lease_revoke();
    if (revoke.expired_in_term() != 0 && revoke.expired_in_term() != term) {
      result.status = Answer(absl::StatusCode::kFailedPrecondition, "not leader");
    } else if (leases_.count(revoke.id()) == 0) {
      result.status = Answer(absl::StatusCode::kNotFound, "requested lease not found");
    } else {
      for (const std::string& key : LeaseKeys(revoke.id())) Delete(key);
      leases_.erase(revoke.id());
    }
  }
  if (!result.status.ok()) {
    keys_ = before;
    draft_.clear();
    result.response = std::monostate();
  }
  if (!draft_.empty()) {
    ++current_;
    states_[current_] = keys_;
    events_[current_] = std::move(draft_);
    draft_.clear();
  }
  result.revision = current_;
  std::visit(
      [&](auto& response) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(response)>, std::monostate>) {
          response.mutable_header()->set_revision(current_);
        }
      },
      result.response);
  return result;
}

absl::Status StoreModel::LeaseExists(std::int64_t lease) const {
  if (lease == 0 || leases_.count(lease) != 0) return absl::OkStatus();
  return Answer(absl::StatusCode::kNotFound, "requested lease not found");
}

absl::Status StoreModel::Put(const etcdserverpb::PutRequest& request,
                             etcdserverpb::PutResponse* response) {
  const auto old = keys_.find(request.key());
  const bool exists = old != keys_.end();
  if (!exists && (request.ignore_value() || request.ignore_lease())) {
    return Answer(absl::StatusCode::kInvalidArgument, "key not found");
  }
  // A put on its own has been asked this before.
  if (absl::Status status = LeaseExists(request.lease()); !status.ok()) return status;
  ModelEvent event;
  if (exists) {
    event.has_prev = true;
    event.prev = old->second;
    if (request.prev_kv()) *response->mutable_prev_kv() = old->second;
  }
  mvccpb::KeyValue kv;
  kv.set_key(request.key());
  kv.set_value(request.ignore_value() ? old->second.value() : request.value());
  kv.set_lease(request.ignore_lease() ? old->second.lease() : request.lease());
  kv.set_create_revision(exists ? old->second.create_revision() : current_ + 1);
  kv.set_version(exists ? old->second.version() + 1 : 1);
  kv.set_mod_revision(current_ + 1);
  event.kv = kv;
  keys_[request.key()] = kv;
  draft_.push_back(event);
  response->mutable_header()->set_revision(RevisionNow());
  return absl::OkStatus();
}

void StoreModel::Delete(const std::string& key) {
  ModelEvent event;
  event.type = mvccpb::Event::DELETE;
  event.kv.set_key(key);
  event.kv.set_mod_revision(current_ + 1);
  event.has_prev = true;
  event.prev = keys_.at(key);
  keys_.erase(key);
  draft_.push_back(event);
}

absl::Status StoreModel::DeleteRange(const etcdserverpb::DeleteRangeRequest& request,
                                     etcdserverpb::DeleteRangeResponse* response) {
  const KeySpace keys = keys_;
  for (const auto& [key, kv] : keys) {
    if (!InInterval(key, request.key(), request.range_end())) continue;
    response->set_deleted(response->deleted() + 1);
    if (request.prev_kv()) *response->add_prev_kvs() = kv;
    Delete(key);
  }
  response->mutable_header()->set_revision(RevisionNow());
  return absl::OkStatus();
}

absl::Status StoreModel::RangeInTxn(const RangeRequest& request,
                                    etcdserverpb::RangeResponse* response) const {
  if (request.revision() > current_) {
    return Answer(absl::StatusCode::kOutOfRange, "mvcc: required revision is a future revision");
  }
  if (request.revision() != 0 && request.revision() < compacted_) {
    return Answer(absl::StatusCode::kOutOfRange, "mvcc: required revision has been compacted");
  }
  response->mutable_header()->set_revision(RevisionNow());
  AnswerRange(request.revision() <= 0 ? keys_ : states_.at(request.revision()), request, response);
  return absl::OkStatus();
}

absl::Status StoreModel::Txn(const etcdserverpb::TxnRequest& request, const KeySpace& before,
                             etcdserverpb::TxnResponse* response) {
  const bool succeeded =
      std::all_of(request.compare().begin(), request.compare().end(),
                  [&](const Compare& compare) { return CompareAll(compare, before); });
  response->set_succeeded(succeeded);
  for (const etcdserverpb::RequestOp& op : succeeded ? request.success() : request.failure()) {
    etcdserverpb::ResponseOp* answer = response->add_responses();
    absl::Status status;
    if (op.has_request_put()) {
      status = Put(op.request_put(), answer->mutable_response_put());
    } else if (op.has_request_range()) {
      status = RangeInTxn(op.request_range(), answer->mutable_response_range());
    } else if (op.has_request_delete_range()) {
      status = DeleteRange(op.request_delete_range(), answer->mutable_response_delete_range());
    } else if (op.has_request_txn()) {
      status = Txn(op.request_txn(), before, answer->mutable_response_txn());
      answer->mutable_response_txn()->mutable_header();
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status StoreModel::Range(const RangeRequest& request,
                               etcdserverpb::RangeResponse* response) const {
  if (request.revision() > current_) {
    return Answer(absl::StatusCode::kOutOfRange, "mvcc: required revision is a future revision");
  }
  if (request.revision() > 0 && request.revision() < compacted_) {
    return Answer(absl::StatusCode::kOutOfRange, "mvcc: required revision has been compacted");
  }
  response->mutable_header()->set_revision(current_);
  AnswerRange(request.revision() <= 0 ? keys_ : states_.at(request.revision()), request, response);
  return absl::OkStatus();
}

std::vector<EventText> StoreModel::Events(const std::string& key, const std::string& range_end,
                                          std::int64_t from, std::int64_t to, std::int64_t compact,
                                          bool with_prev_kv) const {
  std::vector<EventText> texts;
  for (auto batch = events_.lower_bound(from); batch != events_.end() && batch->first <= to;
       ++batch) {
    for (const ModelEvent& event : batch->second) {
      if (!InInterval(event.kv.key(), key, range_end)) continue;
      const bool shows_prev = event.has_prev && batch->first > compact;
      texts.push_back(
          std::to_string(batch->first) + " " + mvccpb::Event::EventType_Name(event.type) + " " +
          DescribeKeyValue(&event.kv) +
          (with_prev_kv ? " was " + DescribeKeyValue(shows_prev ? &event.prev : nullptr) : ""));
    }
  }
  return texts;
}

std::vector<EventText> StoreModel::EventsOf(std::int64_t revision) const {
  return Events(kToTheEnd, kToTheEnd, revision, revision, -1, true);
}

std::vector<std::string> StoreModel::LeaseKeys(std::int64_t id) const {
  std::vector<std::string> keys;
  for (const auto& [key, kv] : keys_) {
    if (kv.lease() == id) keys.push_back(key);
  }
  return keys;
}

}  // namespace stele::storage
