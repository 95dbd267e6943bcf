#include "src/client/key_prefix.h"

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "src/client/requests.h"

namespace stele::client {
namespace {

using etcdserverpb::RequestOp;
using etcdserverpb::ResponseOp;

// Everything that has a key and a range end.
template <typename Request>
void MoveRange(const std::string& prefix, Request& request) {
  if (request.range_end() == std::string(1, '\0')) {
    request.set_range_end(PrefixRangeEnd(prefix));
  } else if (!request.range_end().empty()) {
    request.set_range_end(prefix + request.range_end());
  } else if (request.key().empty()) {
    return;
  }
  request.set_key(prefix + request.key());
}

void Strip(const std::string& prefix, mvccpb::KeyValue& kv) {
  if (absl::StartsWith(kv.key(), prefix)) kv.set_key(kv.key().substr(prefix.size()));
}

void MoveOperation(const std::string& prefix, RequestOp& operation) {
  if (operation.has_request_range()) {
    MoveRange(prefix, *operation.mutable_request_range());
  } else if (operation.has_request_put()) {
    auto& put = *operation.mutable_request_put();
    put = WithPrefix(prefix, std::move(put));
  } else if (operation.has_request_delete_range()) {
    MoveRange(prefix, *operation.mutable_request_delete_range());
  } else if (operation.has_request_txn()) {
    auto& txn = *operation.mutable_request_txn();
    txn = WithPrefix(prefix, std::move(txn));
  }
}

void StripOperation(const std::string& prefix, ResponseOp& operation) {
  if (operation.has_response_range()) {
    StripPrefixFrom(prefix, *operation.mutable_response_range());
  } else if (operation.has_response_put()) {
    StripPrefixFrom(prefix, *operation.mutable_response_put());
  } else if (operation.has_response_delete_range()) {
    StripPrefixFrom(prefix, *operation.mutable_response_delete_range());
  } else if (operation.has_response_txn()) {
    StripPrefixFrom(prefix, *operation.mutable_response_txn());
  }
}

}  // namespace

etcdserverpb::RangeRequest WithPrefix(const std::string& prefix,
                                      etcdserverpb::RangeRequest request) {
  if (!prefix.empty()) MoveRange(prefix, request);
  return request;
}

etcdserverpb::PutRequest WithPrefix(const std::string& prefix, etcdserverpb::PutRequest request) {
  if (!request.key().empty()) request.set_key(prefix + request.key());
  return request;
}

etcdserverpb::DeleteRangeRequest WithPrefix(const std::string& prefix,
                                            etcdserverpb::DeleteRangeRequest request) {
  if (!prefix.empty()) MoveRange(prefix, request);
  return request;
}

etcdserverpb::TxnRequest WithPrefix(const std::string& prefix, etcdserverpb::TxnRequest request) {
  if (prefix.empty()) return request;
  for (auto& compare : *request.mutable_compare()) MoveRange(prefix, compare);
  for (auto& operation : *request.mutable_success()) MoveOperation(prefix, operation);
  for (auto& operation : *request.mutable_failure()) MoveOperation(prefix, operation);
  return request;
}

etcdserverpb::WatchCreateRequest WithPrefix(const std::string& prefix,
                                            etcdserverpb::WatchCreateRequest request) {
  if (prefix.empty()) return request;
  // A watch of the empty key is one of the smallest key there is.
  if (request.key().empty()) request.set_key(std::string(1, '\0'));
  MoveRange(prefix, request);
  return request;
}

void StripPrefixFrom(const std::string& prefix, etcdserverpb::RangeResponse& response) {
  for (auto& kv : *response.mutable_kvs()) Strip(prefix, kv);
}

void StripPrefixFrom(const std::string& prefix, etcdserverpb::PutResponse& response) {
  if (response.has_prev_kv()) Strip(prefix, *response.mutable_prev_kv());
}

void StripPrefixFrom(const std::string& prefix, etcdserverpb::DeleteRangeResponse& response) {
  for (auto& kv : *response.mutable_prev_kvs()) Strip(prefix, kv);
}

void StripPrefixFrom(const std::string& prefix, etcdserverpb::TxnResponse& response) {
  for (auto& operation : *response.mutable_responses()) StripOperation(prefix, operation);
}

void StripPrefixFrom(const std::string& prefix, etcdserverpb::WatchResponse& response) {
  for (auto& event : *response.mutable_events()) {
    Strip(prefix, *event.mutable_kv());
    if (event.has_prev_kv()) Strip(prefix, *event.mutable_prev_kv());
  }
}

void StripPrefixFrom(const std::string& prefix, etcdserverpb::LeaseTimeToLiveResponse& response) {
  etcdserverpb::LeaseTimeToLiveResponse inside;
  for (const auto& key : response.keys()) {
    if (absl::StartsWith(key, prefix)) inside.add_keys(key.substr(prefix.size()));
  }
  *response.mutable_keys() = std::move(*inside.mutable_keys());
}

}  // namespace stele::client
