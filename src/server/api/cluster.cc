#include "src/server/api/cluster.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/server/api/errors.h"
#include "src/server/api/headers.h"
#include "src/server/membership/member_rules.h"
#include "src/server/url.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;

using CallPtr = std::shared_ptr<Call>;
using Records = std::vector<stelepb::MemberRecord>;
using Urls = google::protobuf::RepeatedPtrField<std::string>;

void ToMember(const stelepb::MemberRecord& record, pb::Member* member) {
  member->set_id(record.id());
  member->set_name(record.name());
  *member->mutable_peerurls() = record.peer_urls();
  *member->mutable_clienturls() = record.client_urls();
  member->set_islearner(!CountsAsVoter(record));
}

template <class Response>
void ReplyWithMembers(const NodeFacts& facts, Call* call, const Records& members,
                      Response* response) {
  FillHeader(facts, 0, response->mutable_header());  // cluster headers have no revision
  for (const stelepb::MemberRecord& record : members) ToMember(record, response->add_members());
  call->Reply(response->SerializeAsString());
}

// Sorted, as ids and comparisons want them.
absl::Status TakeUrls(const Urls& given, Urls* taken) {
  std::vector<std::string> urls(given.begin(), given.end());
  std::sort(urls.begin(), urls.end());
  for (const std::string& url : urls) {
    if (!ParseUrl(url).ok()) return MemberBadUrlsError();
  }
  *taken = {urls.begin(), urls.end()};
  return urls.empty() ? MemberBadUrlsError() : absl::OkStatus();
}

class ClusterApi {
 public:
  ClusterApi(const NodeFacts* facts, Reader* reader, MemberChanger* members,
             std::function<std::uint64_t()> random)
      : facts_(facts), reader_(reader), members_(members), random_(std::move(random)) {}

  void List(const CallPtr& call, const pb::MemberListRequest& request) const {
    auto answer = [facts = facts_, call](absl::StatusOr<Reader::View> view) {
      if (!view.ok()) return call->Finish(view.status());
      pb::MemberListResponse response;
      ReplyWithMembers(*facts, call.get(), (*view)->Members(), &response);
    };
    if (!request.linearizable()) return answer(reader_->Serializable());
    reader_->Linearizable(std::move(answer));
  }

  void Add(const CallPtr& call, const pb::MemberAddRequest& request) const {
    stelepb::Command change;
    stelepb::MemberRecord* member = change.mutable_member_add()->mutable_member();
    absl::Status status = TakeUrls(request.peerurls(), member->mutable_peer_urls());
    if (!status.ok()) return call->Finish(status);
    member->set_id(std::max<std::uint64_t>(random_(), 1));
    member->set_is_learner(true);
    member->set_voter_when_ready(!request.islearner());
    pb::MemberAddResponse response;
    ToMember(*member, response.mutable_member());
    Change(call, change, std::move(response));
  }

  void Remove(const CallPtr& call, const pb::MemberRemoveRequest& request) const {
    stelepb::Command change;
    change.mutable_member_remove()->set_member_id(request.id());
    Change(call, change, pb::MemberRemoveResponse());
  }

  void Update(const CallPtr& call, const pb::MemberUpdateRequest& request) const {
    stelepb::Command change;
    change.mutable_member_update()->set_member_id(request.id());
    absl::Status status =
        TakeUrls(request.peerurls(), change.mutable_member_update()->mutable_peer_urls());
    if (!status.ok()) return call->Finish(status);
    Change(call, change, pb::MemberUpdateResponse());
  }

  void Promote(const CallPtr& call, const pb::MemberPromoteRequest& request) const {
    stelepb::Command change;
    change.mutable_member_promote()->set_member_id(request.id());
    Change(call, change, pb::MemberPromoteResponse());
  }

 private:
  template <class Response>
  void Change(const CallPtr& call, const stelepb::Command& change, Response response) const {
    members_->Change(change, [facts = facts_, call, response = std::move(response)](
                                 absl::StatusOr<Records> members) mutable {
      if (!members.ok()) return call->Finish(members.status());
      ReplyWithMembers(*facts, call.get(), *members, &response);
    });
  }

  const NodeFacts* const facts_;
  Reader* const reader_;
  MemberChanger* const members_;
  const std::function<std::uint64_t()> random_;
};

}  // namespace

void AddClusterMethods(const NodeFacts* facts, Reader* reader, MemberChanger* members,
                       std::function<std::uint64_t()> random, MethodRows* rows) {
  const auto api = std::make_shared<const ClusterApi>(facts, reader, members, std::move(random));
  const auto row = [&]<class Request>(Request, const char* path,
                                      void (ClusterApi::*method)(const CallPtr&, const Request&)
                                          const) {
    rows->AddUnary<Request>(path, facts,
                            [api, method](const CallPtr& call, std::unique_ptr<Request> request) {
                              ((*api).*method)(call, *request);
                            });
  };
  row(pb::MemberListRequest(), "/etcdserverpb.Cluster/MemberList", &ClusterApi::List);
  row(pb::MemberAddRequest(), "/etcdserverpb.Cluster/MemberAdd", &ClusterApi::Add);
  row(pb::MemberRemoveRequest(), "/etcdserverpb.Cluster/MemberRemove", &ClusterApi::Remove);
  row(pb::MemberUpdateRequest(), "/etcdserverpb.Cluster/MemberUpdate", &ClusterApi::Update);
  row(pb::MemberPromoteRequest(), "/etcdserverpb.Cluster/MemberPromote", &ClusterApi::Promote);
}

}  // namespace stele::server
