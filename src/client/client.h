// A client of a Stele (or etcd) cluster: keys, leases, members and status.
//
//   stele::client::ClientOptions options;
//   options.endpoints = {"http://127.0.0.1:2379", "http://127.0.0.1:22379"};
//   auto client = stele::client::Client::Create(options);
//   if (!client.ok()) ...
//   auto put = (*client)->Put("greeting", "hello");
//   auto got = (*client)->Get("greeting");
//
// Calls block until there is an answer or their time is over. The client looks for an endpoint that
// answers by itself. It repeats reads while servers are unavailable; it repeats a write only when
// it is certain that nothing was sent. A write that ends with Unavailable or DeadlineExceeded may
// therefore have happened: its outcome is unknown until it is read back.
//
// Errors carry the server's exact text and gRPC code. `EndpointOf` tells who answered.
//
// Thread-safe. Requests and responses are the messages of proto/rpc.proto.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc.pb.h"
#include "src/client/client_options.h"

namespace stele::client {

class Connections;

// Bounds one call; without it the client's own call timeout holds.
struct CallOptions {
  absl::Duration timeout = absl::ZeroDuration();  // zero: the client's
};

class Client {
 public:
  // Makes a client; does not wait for a connection. InvalidArgument when an endpoint is unusable.
  static absl::StatusOr<std::unique_ptr<Client>> Create(const ClientOptions& options);

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Keys.
  absl::StatusOr<etcdserverpb::RangeResponse> Range(const etcdserverpb::RangeRequest& request,
                                                    CallOptions options = {});
  absl::StatusOr<etcdserverpb::PutResponse> Put(const etcdserverpb::PutRequest& request,
                                                CallOptions options = {});
  absl::StatusOr<etcdserverpb::DeleteRangeResponse> DeleteRange(
      const etcdserverpb::DeleteRangeRequest& request, CallOptions options = {});
  // A txn whose both branches only read is repeated like a read.
  absl::StatusOr<etcdserverpb::TxnResponse> Txn(const etcdserverpb::TxnRequest& request,
                                                CallOptions options = {});
  // Forgets the history below `revision`; with `physical` answers once it is gone from the disk.
  absl::StatusOr<etcdserverpb::CompactionResponse> Compact(
      const etcdserverpb::CompactionRequest& request, CallOptions options = {});

  // Short forms. Get answers NotFound when there is no such key.
  absl::StatusOr<mvccpb::KeyValue> Get(const std::string& key);
  absl::StatusOr<etcdserverpb::PutResponse> Put(const std::string& key, const std::string& value,
                                                int64_t lease_id = 0);
  absl::StatusOr<etcdserverpb::DeleteRangeResponse> Delete(const std::string& key);

  // Leases. TTLs are seconds. An `id` of 0 lets the server choose.
  absl::StatusOr<etcdserverpb::LeaseGrantResponse> LeaseGrant(int64_t ttl_seconds, int64_t id = 0,
                                                              CallOptions options = {});
  absl::StatusOr<etcdserverpb::LeaseRevokeResponse> LeaseRevoke(int64_t id,
                                                                CallOptions options = {});
  // The TTL of a lease that is gone is -1; that is no error.
  absl::StatusOr<etcdserverpb::LeaseTimeToLiveResponse> LeaseTimeToLive(int64_t id, bool keys,
                                                                        CallOptions options = {});
  absl::StatusOr<etcdserverpb::LeaseLeasesResponse> LeaseList(CallOptions options = {});
  // Renews a lease once; NotFound when it is gone. For more than once, see keep_alive.h.
  absl::StatusOr<etcdserverpb::LeaseKeepAliveResponse> LeaseKeepAliveOnce(int64_t id,
                                                                          CallOptions options = {});

  // Members.
  absl::StatusOr<etcdserverpb::MemberListResponse> MemberList(bool linearizable = true,
                                                              CallOptions options = {});
  // Changes of who belongs to the cluster, asked of any member. A member that was added as a voter
  // votes once it runs and has caught up.
  absl::StatusOr<etcdserverpb::MemberAddResponse> MemberAdd(
      const std::vector<std::string>& peer_urls, bool learner, CallOptions options = {});
  absl::StatusOr<etcdserverpb::MemberRemoveResponse> MemberRemove(uint64_t id,
                                                                  CallOptions options = {});
  absl::StatusOr<etcdserverpb::MemberUpdateResponse> MemberUpdate(
      uint64_t id, const std::vector<std::string>& peer_urls, CallOptions options = {});
  absl::StatusOr<etcdserverpb::MemberPromoteResponse> MemberPromote(uint64_t id,
                                                                    CallOptions options = {});
  // Answered by the leader only; use a client of its endpoint.
  absl::StatusOr<etcdserverpb::MoveLeaderResponse> MoveLeader(uint64_t target,
                                                              CallOptions options = {});
  // The status of the member behind the endpoint that answers; use a client of one endpoint to ask
  // a certain member.
  absl::StatusOr<etcdserverpb::StatusResponse> Status(CallOptions options = {});

  // For the classes of this directory that keep a stream open.
  const std::shared_ptr<Connections>& connections() const { return connections_; }

 private:
  explicit Client(std::shared_ptr<Connections> connections);

  std::shared_ptr<Connections> connections_;
};

// The `range_end` that makes a range of all keys starting with `prefix`.
std::string PrefixRangeEnd(std::string prefix);

// The endpoint that gave this error; empty when no server did.
std::string EndpointOf(const absl::Status& status);

}  // namespace stele::client
