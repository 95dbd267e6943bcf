// A client of one member, on the generated gRPC stubs and without any retry: what the member
// answers is what the caller sees. All calls are safe from any thread and bounded by their timeout.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <memory>
#include <string>

#include "proto/rpc.pb.h"

namespace stele::process {

struct MemberStubs;  // Keeps the gRPC headers out of the tests.

class MemberClient {
 public:
  // `address` is host:port. Connects when first used, and again soon after every break.
  explicit MemberClient(const std::string& address);
  ~MemberClient();
  MemberClient(const MemberClient&) = delete;
  MemberClient& operator=(const MemberClient&) = delete;

  template <typename Response>
  using Reply = absl::StatusOr<Response>;

  Reply<etcdserverpb::RangeResponse> Range(const etcdserverpb::RangeRequest& request,
                                           absl::Duration timeout);
  Reply<etcdserverpb::PutResponse> Put(const etcdserverpb::PutRequest& request,
                                       absl::Duration timeout);
  Reply<etcdserverpb::TxnResponse> Txn(const etcdserverpb::TxnRequest& request,
                                       absl::Duration timeout);
  Reply<etcdserverpb::StatusResponse> Status(absl::Duration timeout);
  Reply<etcdserverpb::DeleteRangeResponse> DeleteRange(
      const etcdserverpb::DeleteRangeRequest& request, absl::Duration timeout);
  Reply<etcdserverpb::CompactionResponse> Compact(const etcdserverpb::CompactionRequest& request,
                                                  absl::Duration timeout);
  // `id` 0: the server chooses one.
  Reply<etcdserverpb::LeaseGrantResponse> LeaseGrant(std::int64_t ttl_s, absl::Duration timeout,
                                                     std::int64_t id = 0);
  Reply<etcdserverpb::LeaseRevokeResponse> LeaseRevoke(std::int64_t id, absl::Duration timeout);
  Reply<etcdserverpb::LeaseTimeToLiveResponse> LeaseTimeToLive(std::int64_t id, bool with_keys,
                                                               absl::Duration timeout);
  Reply<etcdserverpb::LeaseLeasesResponse> LeaseLeases(absl::Duration timeout);
  // One renewal on a stream of its own.
  Reply<etcdserverpb::LeaseKeepAliveResponse> KeepAliveOnce(std::int64_t lease,
                                                            absl::Duration timeout);

  // `done` runs on a thread of gRPC, at the latest after `timeout`. The destructor waits for it.
  void PutAsync(const etcdserverpb::PutRequest& request, absl::Duration timeout,
                absl::AnyInvocable<void(Reply<etcdserverpb::PutResponse>)> done);

  const std::string& address() const { return address_; }
  MemberStubs& stubs() { return *stubs_; }

 private:
  std::string address_;
  std::unique_ptr<MemberStubs> stubs_;
};

// True if the call that failed like this certainly had no effect and never will.
bool CertainlyRefused(const absl::Status& status);

}  // namespace stele::process
