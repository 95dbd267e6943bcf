#include "tests/process/member_client.h"

#include <absl/strings/match.h>
#include <absl/time/clock.h>
#include <grpcpp/create_channel.h>

#include <climits>
#include <utility>

#include "tests/process/member_stubs.h"

namespace stele::process {
namespace {

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  // Members come back within a second; the default back-off would hide that from us.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  // This one is also how long an attempt to connect may take; members may be busy.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  // Every client has a connection of its own.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(INT_MAX);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

absl::Status ToAbsl(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

void SetTimeout(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

template <typename Response, typename Stub, typename Request>
absl::StatusOr<Response> Call(MemberStubs& stubs, Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request, absl::Duration timeout) {
  stubs.AdvanceConnection();
  grpc::ClientContext context;
  SetTimeout(context, timeout);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return ToAbsl(status);
  return response;
}

}  // namespace

MemberStubs::MemberStubs(const std::string& address)
    : channel(Connect(address)),
      kv(etcdserverpb::KV::NewStub(channel)),
      watch(etcdserverpb::Watch::NewStub(channel)),
      lease(etcdserverpb::Lease::NewStub(channel)),
      maintenance(etcdserverpb::Maintenance::NewStub(channel)) {}

void MemberStubs::AdvanceConnection() {
  const grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/true);
  if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_CONNECTING) {
    channel->WaitForConnected(absl::ToChronoTime(absl::Now() + absl::Milliseconds(50)));
  }
}

MemberClient::MemberClient(const std::string& address)
    : address_(address), stubs_(std::make_unique<MemberStubs>(address)) {}

MemberClient::~MemberClient() {
  const absl::MutexLock lock(&stubs_->mutex);
  stubs_->mutex.Await(absl::Condition(
      +[](int* pending) { return *pending == 0; }, &stubs_->pending));
}

absl::StatusOr<etcdserverpb::RangeResponse> MemberClient::Range(
    const etcdserverpb::RangeRequest& request, absl::Duration timeout) {
  return Call(*stubs_, *stubs_->kv, &etcdserverpb::KV::Stub::Range, request, timeout);
}

absl::StatusOr<etcdserverpb::PutResponse> MemberClient::Put(const etcdserverpb::PutRequest& request,
                                                            absl::Duration timeout) {
  return Call(*stubs_, *stubs_->kv, &etcdserverpb::KV::Stub::Put, request, timeout);
}

absl::StatusOr<etcdserverpb::TxnResponse> MemberClient::Txn(const etcdserverpb::TxnRequest& request,
                                                            absl::Duration timeout) {
  return Call(*stubs_, *stubs_->kv, &etcdserverpb::KV::Stub::Txn, request, timeout);
}

absl::StatusOr<etcdserverpb::StatusResponse> MemberClient::Status(absl::Duration timeout) {
  return Call(*stubs_, *stubs_->maintenance, &etcdserverpb::Maintenance::Stub::Status,
              etcdserverpb::StatusRequest{}, timeout);
}

absl::StatusOr<etcdserverpb::DeleteRangeResponse> MemberClient::DeleteRange(
    const etcdserverpb::DeleteRangeRequest& request, absl::Duration timeout) {
  return Call(*stubs_, *stubs_->kv, &etcdserverpb::KV::Stub::DeleteRange, request, timeout);
}

absl::StatusOr<etcdserverpb::CompactionResponse> MemberClient::Compact(
    const etcdserverpb::CompactionRequest& request, absl::Duration timeout) {
  return Call(*stubs_, *stubs_->kv, &etcdserverpb::KV::Stub::Compact, request, timeout);
}

absl::StatusOr<etcdserverpb::LeaseRevokeResponse> MemberClient::LeaseRevoke(
    std::int64_t id, absl::Duration timeout) {
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(id);
  return Call(*stubs_, *stubs_->lease, &etcdserverpb::Lease::Stub::LeaseRevoke, request, timeout);
}

absl::StatusOr<etcdserverpb::LeaseTimeToLiveResponse> MemberClient::LeaseTimeToLive(
    std::int64_t id, bool with_keys, absl::Duration timeout) {
  etcdserverpb::LeaseTimeToLiveRequest request;
  request.set_id(id);
  request.set_keys(with_keys);
  return Call(*stubs_, *stubs_->lease, &etcdserverpb::Lease::Stub::LeaseTimeToLive, request,
              timeout);
}

absl::StatusOr<etcdserverpb::LeaseLeasesResponse> MemberClient::LeaseLeases(
    absl::Duration timeout) {
  return Call(*stubs_, *stubs_->lease, &etcdserverpb::Lease::Stub::LeaseLeases,
              etcdserverpb::LeaseLeasesRequest{}, timeout);
}

absl::StatusOr<etcdserverpb::LeaseGrantResponse> MemberClient::LeaseGrant(std::int64_t ttl_s,
                                                                          absl::Duration timeout,
                                                                          std::int64_t id) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(ttl_s);
  request.set_id(id);
  return Call(*stubs_, *stubs_->lease, &etcdserverpb::Lease::Stub::LeaseGrant, request, timeout);
}

absl::StatusOr<etcdserverpb::LeaseKeepAliveResponse> MemberClient::KeepAliveOnce(
    std::int64_t lease, absl::Duration timeout) {
  stubs_->AdvanceConnection();
  grpc::ClientContext context;
  SetTimeout(context, timeout);
  auto stream = stubs_->lease->LeaseKeepAlive(&context);
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  etcdserverpb::LeaseKeepAliveResponse response;
  stream->Write(request);
  const bool answered = stream->Read(&response);
  if (answered) context.TryCancel();
  const grpc::Status status = stream->Finish();
  if (answered) return response;
  return status.ok() ? absl::UnavailableError("stream ended without an answer") : ToAbsl(status);
}

void MemberClient::PutAsync(const etcdserverpb::PutRequest& request, absl::Duration timeout,
                            absl::AnyInvocable<void(Reply<etcdserverpb::PutResponse>)> done) {
  struct Pending {
    grpc::ClientContext context;
    etcdserverpb::PutRequest request;
    etcdserverpb::PutResponse response;
    absl::AnyInvocable<void(Reply<etcdserverpb::PutResponse>)> done;
  };
  auto call = std::make_unique<Pending>();
  call->request = request;
  call->done = std::move(done);
  SetTimeout(call->context, timeout);
  {
    const absl::MutexLock lock(&stubs_->mutex);
    ++stubs_->pending;
  }
  Pending* const pending = call.release();
  stubs_->kv->async()->Put(&pending->context, &pending->request, &pending->response,
                           [this, pending](const grpc::Status& status) {
                             std::unique_ptr<Pending> ended(pending);
                             if (status.ok()) {
                               ended->done(ended->response);
                             } else {
                               ended->done(ToAbsl(status));
                             }
                             // The context holds the channel, and gRPC's own thread, which this
                             // is, must not be the last to let go of it.
                             ended.reset();
                             const absl::MutexLock lock(&stubs_->mutex);
                             --stubs_->pending;
                           });
}

bool CertainlyRefused(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnimplemented:
      return true;
    case absl::StatusCode::kUnavailable:
      return absl::StrContains(status.message(), "failed to connect");
    default:
      return false;
  }
}

}  // namespace stele::process
