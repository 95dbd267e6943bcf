#include "src/server/api/maintenance.h"

#include <memory>
#include <utility>

#include "src/server/api/errors.h"
#include "src/server/api/headers.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;

void FillStatus(const NodeStatus& status, std::int64_t quota_bytes, pb::StatusResponse* response) {
  response->set_version(kApiVersion);
  response->set_storageversion(kStorageVersion);
  response->set_dbsize(static_cast<std::int64_t>(status.bytes_on_disk));
  response->set_dbsizeinuse(static_cast<std::int64_t>(status.bytes_in_use));
  response->set_dbsizequota(quota_bytes);
  response->set_leader(status.leader_id);
  response->set_raftterm(status.raft_term);
  response->set_raftindex(status.last_index);
  response->set_raftappliedindex(status.applied_index);
  response->set_islearner(status.is_learner);
  response->mutable_downgradeinfo();
  if (status.leader_id == 0) response->add_errors(std::string(NoLeaderError().message()));
}

}  // namespace

void AddMaintenanceMethods(std::int64_t quota_bytes, const NodeFacts* facts, Reader* reader,
                           MemberChanger* members, MethodRows* rows) {
  rows->AddUnary<pb::MoveLeaderRequest>(
      "/etcdserverpb.Maintenance/MoveLeader", facts,
      [=](const std::shared_ptr<Call>& call, std::unique_ptr<pb::MoveLeaderRequest> request) {
        members->MoveLeader(request->targetid(), [facts, call](const absl::Status& status) {
          if (!status.ok()) return call->Finish(status);
          pb::MoveLeaderResponse response;
          FillHeader(*facts, 0, response.mutable_header());
          call->Reply(response.SerializeAsString());
        });
      });
  rows->AddUnary<pb::StatusRequest>(
      "/etcdserverpb.Maintenance/Status", facts,
      [=](const std::shared_ptr<Call>& call, std::unique_ptr<pb::StatusRequest>) {
        pb::StatusResponse response;
        FillHeader(*facts, reader->Serializable()->current_revision(), response.mutable_header());
        FillStatus(facts->Status(), quota_bytes, &response);
        call->Reply(response.SerializeAsString());
      });
  rows->AddUnary<pb::AlarmRequest>(
      "/etcdserverpb.Maintenance/Alarm", facts,
      [=](const std::shared_ptr<Call>& call, std::unique_ptr<pb::AlarmRequest> request) {
        if (request->action() != pb::AlarmRequest::GET) {
          return call->Finish(absl::UnimplementedError(
              "stele: setting and clearing alarms is not implemented yet; no alarm exists"));
        }
        pb::AlarmResponse response;
        FillHeader(*facts, reader->Serializable()->current_revision(), response.mutable_header());
        call->Reply(response.SerializeAsString());
      });
}

}  // namespace stele::server
