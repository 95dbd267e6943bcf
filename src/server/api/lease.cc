#include "src/server/api/lease.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "src/server/api/errors.h"
#include "src/server/api/headers.h"
#include "src/server/api/parse_request.h"
#include "src/storage/state_machine/command_cost.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;
using CallPtr = std::shared_ptr<Call>;

constexpr std::int64_t kTtlSecondsMax = 9'000'000'000;

struct LeaseApi {
  LeaseLimits limits;
  const NodeFacts* facts;
  Proposer* proposer;
  Reader* reader;
  LeaseClock* clock;
  std::function<std::uint64_t()> random;
  std::shared_ptr<const Quota> quota;

  void Grant(CallPtr call, std::unique_ptr<pb::LeaseGrantRequest> request) const;
  void Revoke(CallPtr call, std::unique_ptr<pb::LeaseRevokeRequest> request) const;
  void TimeToLive(CallPtr call, std::unique_ptr<pb::LeaseTimeToLiveRequest> request) const;
  void Leases(CallPtr call, std::unique_ptr<pb::LeaseLeasesRequest> request) const;
};

void LeaseApi::Grant(CallPtr call, std::unique_ptr<pb::LeaseGrantRequest> request) const {
  if (!quota->HasRoomFor(storage::kLeaseCost)) return quota->Refuse(std::move(call));
  if (request->ttl() > kTtlSecondsMax) return call->Finish(LeaseTtlTooLargeError());
  std::int64_t id = request->id();
  while (id == 0) {
    id = static_cast<std::int64_t>(random() & std::numeric_limits<std::int64_t>::max());
  }
  stelepb::Command command;
  command.mutable_lease_grant()->set_id(id);
  command.mutable_lease_grant()->set_ttl_seconds(std::max(request->ttl(), limits.ttl_seconds_min));
  proposer->Propose(
      &command, [facts = facts, call = std::move(call)](storage::CommandResult result) {
        if (!result.status.ok()) return call->Finish(result.status);
        ReplyWithHeader(*facts, call.get(), &std::get<pb::LeaseGrantResponse>(result.response));
      });
}

void LeaseApi::Revoke(CallPtr call, std::unique_ptr<pb::LeaseRevokeRequest> request) const {
  stelepb::Command command;
  command.mutable_lease_revoke()->set_id(request->id());
  proposer->Propose(
      &command, [facts = facts, call = std::move(call)](storage::CommandResult result) {
        if (!result.status.ok()) return call->Finish(result.status);
        ReplyWithHeader(*facts, call.get(), &std::get<pb::LeaseRevokeResponse>(result.response));
      });
}

void LeaseApi::TimeToLive(CallPtr call, std::unique_ptr<pb::LeaseTimeToLiveRequest> request) const {
  const std::int64_t id = request->id();
  const bool keys = request->keys();
  clock->Ask(id, false,
             [this, call = std::move(call), id, keys](absl::StatusOr<LeaseAnswer> answer) {
               if (!answer.ok()) return call->Finish(answer.status());
               const Reader::View view = reader->Serializable();
               pb::LeaseTimeToLiveResponse response;
               response.mutable_header()->set_revision(view->current_revision());
               response.set_id(id);
               response.set_ttl(answer->found ? answer->remaining_seconds : -1);
               response.set_grantedttl(answer->granted_seconds);
               if (answer->found && keys) {
                 for (std::string& key : view->LeaseKeys(id)) response.add_keys(std::move(key));
               }
               ReplyWithHeader(*facts, call.get(), &response);
             });
}

void LeaseApi::Leases(CallPtr call, std::unique_ptr<pb::LeaseLeasesRequest>) const {
  clock->List([this, call = std::move(call)](const std::vector<std::int64_t>& ids) {
    pb::LeaseLeasesResponse response;
    response.mutable_header()->set_revision(reader->Serializable()->current_revision());
    for (const std::int64_t id : ids) response.add_leases()->set_id(id);
    ReplyWithHeader(*facts, call.get(), &response);
  });
}

// One keep-alive stream: answers come in the order of the questions, one after the other.
class KeepAliveStream final : public CallHandler {
 public:
  KeepAliveStream(const LeaseApi* api, CallPtr call)
      : state_(std::make_shared<State>(api, std::move(call))) {}

  void OnMessage(std::string_view bytes) override {
    pb::LeaseKeepAliveRequest request;
    const absl::Status fault = ParseStreamMessage(bytes, &request);
    if (!fault.ok()) return state_->call->Finish(fault);
    // The revision is taken before renewing: what the client saw then, the lease outlived.
    const std::int64_t revision = state_->api->reader->Serializable()->current_revision();
    state_->Begin();
    state_->api->clock->Ask(
        request.id(), true,
        [state = state_, id = request.id(), revision](const absl::StatusOr<LeaseAnswer>& answer) {
          state->End(id, revision, answer);
        });
  }

  void OnHalfClose() override { state_->Close(); }

 private:
  struct State {
    State(const LeaseApi* lease_api, CallPtr stream_call)
        : api(lease_api), call(std::move(stream_call)) {}

    void Begin() {
      const std::lock_guard lock(mutex);
      ++pending;
    }

    void End(std::int64_t id, std::int64_t revision, const absl::StatusOr<LeaseAnswer>& answer) {
      if (answer.ok()) {
        pb::LeaseKeepAliveResponse response;
        FillHeader(*api->facts, revision, response.mutable_header());
        response.set_id(id);
        response.set_ttl(answer->granted_seconds);
        call->Write(response.SerializeAsString());
      } else {
        call->Finish(answer.status());
      }
      const std::lock_guard lock(mutex);
      --pending;
      if (pending == 0 && half_closed) call->Finish(absl::OkStatus());
    }

    void Close() {
      const std::lock_guard lock(mutex);
      half_closed = true;
      if (pending == 0) call->Finish(absl::OkStatus());
    }

    const LeaseApi* const api;
    const CallPtr call;
    std::mutex mutex;
    int pending = 0;
    bool half_closed = false;
  };

  const std::shared_ptr<State> state_;
};

}  // namespace

void AddLeaseMethods(const LeaseLimits& limits, const ClientPorts& ports,
                     std::shared_ptr<const Quota> quota, MethodRows* rows) {
  const NodeFacts* const facts = ports.facts;
  const auto api =
      std::make_shared<const LeaseApi>(LeaseApi{limits, facts, ports.proposer, ports.reader,
                                                ports.lease_clock, ports.random, std::move(quota)});
  const auto row = [&](auto request, const char* path, auto method) {
    using Request = decltype(request);
    rows->AddUnary<Request>(path, facts,
                            [api, method](CallPtr call, std::unique_ptr<Request> owned) {
                              ((*api).*method)(std::move(call), std::move(owned));
                            });
  };
  row(pb::LeaseGrantRequest(), "/etcdserverpb.Lease/LeaseGrant", &LeaseApi::Grant);
  row(pb::LeaseRevokeRequest(), "/etcdserverpb.Lease/LeaseRevoke", &LeaseApi::Revoke);
  row(pb::LeaseTimeToLiveRequest(), "/etcdserverpb.Lease/LeaseTimeToLive", &LeaseApi::TimeToLive);
  row(pb::LeaseLeasesRequest(), "/etcdserverpb.Lease/LeaseLeases", &LeaseApi::Leases);

  Method keep_alive;
  keep_alive.path = "/etcdserverpb.Lease/LeaseKeepAlive";
  keep_alive.kind = MethodKind::kBidiStream;
  keep_alive.on_stream = [api, facts](CallPtr call) -> std::unique_ptr<CallHandler> {
    if (absl::Status refused = MethodRows::CheckLeaderWish(*call, *facts); !refused.ok()) {
      call->Finish(refused);
    }
    if (facts->is_learner()) call->Finish(NotSupportedForLearnerError());
    return std::make_unique<KeepAliveStream>(api.get(), std::move(call));
  };
  rows->Add(std::move(keep_alive));
}

}  // namespace stele::server
