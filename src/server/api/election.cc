#include "src/server/api/election.h"

#include <memory>
#include <utility>
#include <variant>

#include "proto/election.pb.h"
#include "src/server/api/errors.h"
#include "src/server/api/headers.h"
#include "src/server/api/observe.h"
#include "src/server/api/queue_keys.h"
#include "src/storage/state_machine/command_cost.h"

namespace stele::server {
namespace {

namespace pb = v3electionpb;
using CallPtr = std::shared_ptr<Call>;

// Errors of etcd's own client, which have no code of their own.
absl::Status NoLeaderElectedError() { return absl::UnknownError("election: no leader"); }
absl::Status NotElectedError() { return absl::UnknownError("election: not leader"); }
absl::Status LeaderMissingError() {
  return absl::UnknownError("\"leader\" field must be provided");
}

void AnswerElected(const QueueEntry& entry) {
  pb::CampaignResponse response;
  FillHeader(*entry.ports().client.facts, entry.revision(), response.mutable_header());
  pb::LeaderKey* leader = response.mutable_leader();
  leader->set_name(entry.wish().name);
  leader->set_key(entry.key());
  leader->set_rev(entry.create_revision());
  leader->set_lease(entry.lease());
  entry.call().Reply(response.SerializeAsString());
}

void Campaign(const QueuePorts& ports, CallPtr call, std::unique_ptr<pb::CampaignRequest> request) {
  QueueEntry::Wish wish{.name = request->name(),
                        .value = request->value(),
                        .lease = request->lease(),
                        .renew_value = true};
  QueueEntry::Join(ports, std::move(call), std::move(wish), AnswerElected);
}

void PutNewValue(const QueuePorts& ports, const CallPtr& call, const pb::ProclaimRequest& request,
                 std::int64_t lease) {
  const pb::LeaderKey& leader = request.leader();
  stelepb::Command command = PutIfStill(leader.key(), leader.rev(), request.value(), lease);
  if (!ports.quota->HasRoomFor(storage::CostOf(command))) return ports.quota->Refuse(call);
  ports.client.proposer->Propose(
      &command, [facts = ports.client.facts, call](const storage::CommandResult& result) {
        if (!result.status.ok()) return call->Finish(result.status);
        if (!std::get<etcdserverpb::TxnResponse>(result.response).succeeded()) {
          return call->Finish(NotElectedError());
        }
        pb::ProclaimResponse response;
        FillHeader(*facts, result.revision, response.mutable_header());
        call->Reply(response.SerializeAsString());
      });
}

void Proclaim(const QueuePorts& ports, const CallPtr& call,
              std::unique_ptr<pb::ProclaimRequest> request) {
  if (!request->has_leader()) return call->Finish(LeaderMissingError());
  if (request->leader().key().empty()) return call->Finish(EmptyKeyError());
  const std::int64_t lease = request->leader().lease();
  WithSessionLease(ports.client, lease,
                   [ports, call, request = std::move(request)](absl::StatusOr<std::int64_t> id) {
                     if (!id.ok()) return call->Finish(id.status());
                     PutNewValue(ports, call, *request, *id);
                   });
}

// It is no error to resign from what one does not hold any more.
void Resign(const ClientPorts& ports, const CallPtr& call, const pb::ResignRequest& request) {
  if (!request.has_leader()) return call->Finish(LeaderMissingError());
  if (request.leader().key().empty()) return call->Finish(EmptyKeyError());
  stelepb::Command command = DeleteIfStill(request.leader().key(), request.leader().rev());
  ports.proposer->Propose(&command,
                          [facts = ports.facts, call](const storage::CommandResult& result) {
                            if (!result.status.ok()) return call->Finish(result.status);
                            pb::ResignResponse response;
                            FillHeader(*facts, result.revision, response.mutable_header());
                            call->Reply(response.SerializeAsString());
                          });
}

void Leader(const ClientPorts& ports, const CallPtr& call, const pb::LeaderRequest& request) {
  ports.reader->Linearizable([facts = ports.facts, call, prefix = QueuePrefix(request.name())](
                                 absl::StatusOr<Reader::View> view) {
    if (!view.ok()) return call->Finish(view.status());
    etcdserverpb::RangeResponse found;
    absl::Status read = (*view)->Range(HeadOfQueue(prefix), &found);
    if (!read.ok()) return call->Finish(read);
    if (found.kvs().empty()) return call->Finish(NoLeaderElectedError());
    pb::LeaderResponse response;
    response.mutable_header()->set_revision(found.header().revision());
    *response.mutable_kv() = std::move(*found.mutable_kvs(0));
    ReplyWithHeader(*facts, call.get(), &response);
  });
}

}  // namespace

void AddElectionMethods(const QueuePorts& ports, MethodRows* rows) {
  rows->AddUnary<pb::CampaignRequest>(
      "/v3electionpb.Election/Campaign", ports.client.facts,
      [ports](CallPtr call, std::unique_ptr<pb::CampaignRequest> request) {
        Campaign(ports, std::move(call), std::move(request));
      });
  rows->AddUnary<pb::ProclaimRequest>(
      "/v3electionpb.Election/Proclaim", ports.client.facts,
      [ports](const CallPtr& call, std::unique_ptr<pb::ProclaimRequest> request) {
        Proclaim(ports, call, std::move(request));
      });
  rows->AddUnary<pb::ResignRequest>(
      "/v3electionpb.Election/Resign", ports.client.facts,
      [ports = ports.client](const CallPtr& call, std::unique_ptr<pb::ResignRequest> request) {
        Resign(ports, call, *request);
      });
  rows->AddUnary<pb::LeaderRequest>(
      "/v3electionpb.Election/Leader", ports.client.facts,
      [ports = ports.client](const CallPtr& call, std::unique_ptr<pb::LeaderRequest> request) {
        Leader(ports, call, *request);
      });
  rows->AddServerStream<pb::LeaderRequest>(
      "/v3electionpb.Election/Observe", ports.client.facts,
      [ports = ports.client](CallPtr call, std::unique_ptr<pb::LeaderRequest> request) {
        Observation::Start(ports, std::move(call), QueuePrefix(request->name()));
      });
}

}  // namespace stele::server
