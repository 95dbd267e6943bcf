#include "src/server/api/maintenance.h"

#include <memory>
#include <utility>

#include "src/server/api/alarm.h"
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

// Both hashes are of what this member has, as the point of asking is to compare members.
void AddHashMethods(const ClientPorts& ports, MethodRows* rows) {
  rows->AddUnary<pb::HashKVRequest>(
      "/etcdserverpb.Maintenance/HashKV", ports.facts,
      [ports](const std::shared_ptr<Call>& call, std::unique_ptr<pb::HashKVRequest> request) {
        ports.in_background([ports, call, revision = request->revision()] {
          const Reader::View view = ports.reader->Serializable();
          const absl::StatusOr<storage::KvHash> hash = view->HashKv(revision);
          if (!hash.ok()) return call->Finish(hash.status());
          pb::HashKVResponse response;
          FillHeader(*ports.facts, view->current_revision(), response.mutable_header());
          response.set_hash(hash->hash);
          response.set_compact_revision(hash->compact_revision);
          response.set_hash_revision(hash->revision);
          call->Reply(response.SerializeAsString());
        });
      });
  rows->AddUnary<pb::HashRequest>(
      "/etcdserverpb.Maintenance/Hash", ports.facts,
      [ports](const std::shared_ptr<Call>& call, std::unique_ptr<pb::HashRequest>) {
        ports.in_background([ports, call] {
          const Reader::View view = ports.reader->Serializable();
          const absl::StatusOr<std::uint32_t> hash = view->HashAll();
          if (!hash.ok()) return call->Finish(hash.status());
          pb::HashResponse response;
          FillHeader(*ports.facts, view->current_revision(), response.mutable_header());
          response.set_hash(*hash);
          call->Reply(response.SerializeAsString());
        });
      });
}

}  // namespace

void AddMaintenanceMethods(std::int64_t quota_bytes, const ClientPorts& ports, MethodRows* rows) {
  const NodeFacts* const facts = ports.facts;
  Reader* const reader = ports.reader;
  MemberChanger* const members = ports.members;
  AddHashMethods(ports, rows);
  AddAlarmMethod(ports, rows);
  rows->AddUnary<pb::DefragmentRequest>(
      "/etcdserverpb.Maintenance/Defragment", facts,
      [ports](const std::shared_ptr<Call>& call, std::unique_ptr<pb::DefragmentRequest>) {
        ports.in_background([defragment = ports.defragment, call] {
          if (absl::Status status = defragment(); !status.ok()) return call->Finish(status);
          call->Reply(pb::DefragmentResponse().SerializeAsString());  // etcd's has no header
        });
      });
  rows->AddUnary<pb::MoveLeaderRequest>(
      "/etcdserverpb.Maintenance/MoveLeader", facts,
      [=](const std::shared_ptr<Call>& call, std::unique_ptr<pb::MoveLeaderRequest> request) {
        members->MoveLeader(request->targetid(), [call](const absl::Status& status) {
          if (!status.ok()) return call->Finish(status);
          call->Reply(pb::MoveLeaderResponse().SerializeAsString());  // etcd's has no header
        });
      });
  rows->AddUnary<pb::StatusRequest>(
      "/etcdserverpb.Maintenance/Status", facts,
      [=](const std::shared_ptr<Call>& call, std::unique_ptr<pb::StatusRequest>) {
        pb::StatusResponse response;
        const Reader::View view = reader->Serializable();
        FillHeader(*facts, view->current_revision(), response.mutable_header());
        FillStatus(facts->Status(), quota_bytes, &response);
        for (const pb::AlarmMember& alarm : view->Alarms()) response.add_errors(AlarmText(alarm));
        call->Reply(response.SerializeAsString());
      });
}

}  // namespace stele::server
