#include "src/server/api/cluster.h"

#include <memory>
#include <utility>

#include "src/server/api/headers.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;

void ToMember(const stelepb::MemberRecord& record, pb::Member* member) {
  member->set_id(record.id());
  member->set_name(record.name());
  *member->mutable_peerurls() = record.peer_urls();
  *member->mutable_clienturls() = record.client_urls();
  member->set_islearner(record.is_learner());
}

}  // namespace

void AddClusterMethods(const NodeFacts* facts, Reader* reader, MethodRows* rows) {
  rows->AddUnary<pb::MemberListRequest>(
      "/etcdserverpb.Cluster/MemberList", facts,
      [facts, reader](std::shared_ptr<Call> call, std::unique_ptr<pb::MemberListRequest> request) {
        auto answer = [facts, call = std::move(call)](absl::StatusOr<Reader::View> view) {
          if (!view.ok()) return call->Finish(view.status());
          pb::MemberListResponse response;
          FillHeader(*facts, 0, response.mutable_header());  // cluster headers have no revision
          for (const stelepb::MemberRecord& record : (*view)->Members()) {
            ToMember(record, response.add_members());
          }
          call->Reply(response.SerializeAsString());
        };
        if (!request->linearizable()) return answer(reader->Serializable());
        reader->Linearizable(std::move(answer));
      });
}

}  // namespace stele::server
