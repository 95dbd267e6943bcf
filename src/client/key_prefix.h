// Requests and answers on their way into and out of a namespace: the prefix goes in front of every
// key that is sent and off every key that comes back. With an empty prefix nothing changes. Pure.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "proto/rpc.pb.h"

namespace stele::client {

// A range without an end ends where the prefix does. A single empty key stays empty, for the server
// to refuse it as outside of namespaces.
etcdserverpb::RangeRequest WithPrefix(const std::string& prefix,
                                      etcdserverpb::RangeRequest request);
etcdserverpb::PutRequest WithPrefix(const std::string& prefix, etcdserverpb::PutRequest request);
etcdserverpb::DeleteRangeRequest WithPrefix(const std::string& prefix,
                                            etcdserverpb::DeleteRangeRequest request);
etcdserverpb::TxnRequest WithPrefix(const std::string& prefix, etcdserverpb::TxnRequest request);
etcdserverpb::WatchCreateRequest WithPrefix(const std::string& prefix,
                                            etcdserverpb::WatchCreateRequest request);

void StripPrefixFrom(const std::string& prefix, etcdserverpb::RangeResponse& response);
void StripPrefixFrom(const std::string& prefix, etcdserverpb::PutResponse& response);
void StripPrefixFrom(const std::string& prefix, etcdserverpb::DeleteRangeResponse& response);
void StripPrefixFrom(const std::string& prefix, etcdserverpb::TxnResponse& response);
void StripPrefixFrom(const std::string& prefix, etcdserverpb::WatchResponse& response);
// Keys of a lease outside of the namespace are left out.
void StripPrefixFrom(const std::string& prefix, etcdserverpb::LeaseTimeToLiveResponse& response);

template <typename Response>
absl::StatusOr<Response> StripPrefix(const std::string& prefix, absl::StatusOr<Response> response) {
  if (response.ok() && !prefix.empty()) StripPrefixFrom(prefix, *response);
  return response;
}

}  // namespace stele::client
