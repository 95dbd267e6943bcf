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
// Beside it: requests.h (what to get, put and delete), txn_builder.h, watcher.h and local_copy.h
// (changes as they happen), session.h, lock.h and election.h. docs/client.md is the way in.
//
// Thread-safe. Requests and responses are the messages of proto/rpc.proto.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc.pb.h"
#include "src/client/client_options.h"
#include "src/client/requests.h"

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

  // A client on the same connections for which `prefix` is not there: it puts the prefix in front
  // of every key it sends and takes it off every key it gets, in ranges, txns, watches, locks and
  // elections. Keys outside the prefix cannot be reached through it. Leases and members are the
  // cluster's. Namespaces can be nested.
  std::unique_ptr<Client> InNamespace(const std::string& prefix) const;

  // What this client puts in front of keys; empty outside namespaces.
  const std::string& key_prefix() const { return key_prefix_; }

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

  // A range of any size, in pieces as the server reads them; `take` gets each piece and ends the
  // stream early by answering false. The range is of one revision, whatever is written or compacted
  // meanwhile. An error after the first piece is final: what was taken is all there is. Needs a
  // server that has RangeStream (Unimplemented otherwise); ReadInPages works everywhere.
  absl::Status RangeStream(const etcdserverpb::RangeRequest& request,
                           absl::FunctionRef<bool(const etcdserverpb::RangeResponse&)> take,
                           CallOptions options = {});

  // Reads all of a range by calls of at most `page_size` keys, all at the same revision, which is
  // the answer. `take` gets each page; false ends the reading. OutOfRange when a compaction passes
  // that revision meanwhile. The time of `options` holds for each page.
  absl::StatusOr<int64_t> ReadInPages(
      const KeyRange& range, int64_t page_size,
      absl::FunctionRef<bool(const etcdserverpb::RangeResponse&)> take, CallOptions options = {});

  // Short forms. Get answers NotFound when there is no such key.
  absl::StatusOr<mvccpb::KeyValue> Get(const std::string& key);
  absl::StatusOr<etcdserverpb::RangeResponse> Get(const KeyRange& range, GetOptions options = {});
  absl::StatusOr<etcdserverpb::PutResponse> Put(const std::string& key, const std::string& value,
                                                int64_t lease_id = 0);
  absl::StatusOr<etcdserverpb::DeleteRangeResponse> Delete(const std::string& key);
  absl::StatusOr<etcdserverpb::DeleteRangeResponse> Delete(const KeyRange& range,
                                                           DeleteOptions options = {});

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

  // Maintenance of the member behind the endpoint that answers, like Status. The hashes of members
  // with equal history are equal: HashKV of the keys up to `revision` (0: the newest), Hash of all
  // that is stored.
  absl::StatusOr<etcdserverpb::DefragmentResponse> Defragment(CallOptions options = {});
  absl::StatusOr<etcdserverpb::HashKVResponse> HashKV(int64_t revision, CallOptions options = {});
  absl::StatusOr<etcdserverpb::HashResponse> Hash(CallOptions options = {});
  // Asks for, raises or clears alarms; they are the cluster's.
  absl::StatusOr<etcdserverpb::AlarmResponse> Alarm(const etcdserverpb::AlarmRequest& request,
                                                    CallOptions options = {});

  // For the classes of this directory that keep a stream open.
  const std::shared_ptr<Connections>& connections() const { return connections_; }

 private:
  Client(std::shared_ptr<Connections> connections, std::string key_prefix);

  const std::shared_ptr<Connections> connections_;
  const std::string key_prefix_;
};

// The endpoint that gave this error; empty when no server did.
std::string EndpointOf(const absl::Status& status);

}  // namespace stele::client
