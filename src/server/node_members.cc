// The node as one of several: how it begins, whom it talks to, and how it ends when it is removed.
#include <algorithm>
#include <chrono>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "src/server/api/errors.h"
#include "src/server/membership/fetch_members.h"
#include "src/server/node.h"
#include "src/server/peer/member_ids.h"

namespace stele::server {
namespace {

constexpr std::chrono::milliseconds kPollInterval{20};

bool Contains(const std::vector<std::uint64_t>& ids, std::uint64_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

std::vector<std::string> UrlsOf(const stelepb::MemberRecord& member) {
  return {member.peer_urls().begin(), member.peer_urls().end()};
}

// Whether `plan`, made of flags, may speak of the cluster of a member with this data. URLs may have
// changed since it was founded, and not all of them may be known here; a founder's id tells the
// token it was founded with.
bool MayMean(const Options& options, const BootstrapPlan& plan, const storage::ReadView& view,
             raft::NodeId self) {
  std::set<std::string> known;
  for (const auto& records : {view.Founders(), view.Members()}) {
    for (const stelepb::MemberRecord& record : records) {
      for (const std::string& url : record.peer_urls()) known.insert(url);
    }
  }
  for (const stelepb::MemberRecord& founder : view.Founders()) {
    if (founder.id() != self.value) continue;
    if (MemberIdOf(UrlsOf(founder), options.initial_cluster_token) != self.value) return false;
  }
  return std::any_of(plan.members.begin(), plan.members.end(), [&known](const auto& member) {
    return std::any_of(member.peer_urls().begin(), member.peer_urls().end(),
                       [&known](const std::string& url) { return known.contains(url); });
  });
}

}  // namespace

absl::StatusOr<BootstrapPlan> Node::PlanBeginning() {
  if (options_.initial_cluster_state != "existing") return PlanBootstrap(options_);
  absl::StatusOr<JoinPlan> join = PlanJoin(options_);
  if (!join.ok()) return join.status();
  joined_through_ = std::move(join->peers);
  return BootstrapPlan{join->identity, std::move(join->conf_state), std::move(join->founders)};
}

// Every member's store begins with the founders: entries then lead to the same state everywhere.
absl::Status Node::FoundStore() {
  if (!store_->View()->Members().empty()) return absl::OkStatus();
  if (bootstrap_members_.empty()) {
    bootstrap_members_ = {boot_.founders().begin(), boot_.founders().end()};
  }
  if (bootstrap_members_.empty()) {
    // The log was made, and a crash took what the store had not flushed.
    absl::StatusOr<BootstrapPlan> plan = PlanBeginning();
    if (!plan.ok()) return plan.status();
    if (plan->identity.cluster_id != identity_.cluster_id) return AnotherCluster(*plan);
    bootstrap_members_ = std::move(plan->members);
  }
  absl::Status status = store_->state_machine().Bootstrap(bootstrap_members_);
  return status.ok() ? store_->engine().Flush() : status;
}

// Flags that speak of another cluster are a mistake: of the flags, or of the data directory.
absl::Status Node::CheckCluster() const {
  if (!options_.initial_cluster_given || options_.initial_cluster_state == "existing") {
    return absl::OkStatus();
  }
  const BootstrapPlan plan = PlanBootstrap(options_);
  if (plan.identity.cluster_id == identity_.cluster_id) return absl::OkStatus();
  if (MayMean(options_, plan, *store_->View(), identity_.self)) return absl::OkStatus();
  return AnotherCluster(plan);
}

absl::Status Node::AnotherCluster(const BootstrapPlan& plan) const {
  return absl::FailedPreconditionError(fmt::format(
      "data directory {}: belongs to cluster {:x} (member {:x}), but --initial-cluster and "
      "--initial-cluster-token name cluster {:x}",
      options_.data_dir, identity_.cluster_id, identity_.self.value, plan.identity.cluster_id));
}

absl::Status Node::CheckNotRemoved() {
  if (!Contains(store_->View()->RemovedMembers(), identity_.self.value)) return absl::OkStatus();
  removed_ = true;
  return MemberRemovedError();
}

void Node::MakeMembership() {
  Membership::Options options;
  options.self = identity_.self;
  options.election_timeout = absl::Milliseconds(options_.election_timeout_ms);
  options.request_timeout = absl::Seconds(5) + 2 * options.election_timeout;
  options.rules.strict = options_.strict_reconfig_check;
  options.rules.learners_max = static_cast<std::size_t>(options_.max_learners);
  Membership::Surroundings around;
  around.facts = &raft_loop_->facts();
  around.proposals = proposals_.get();
  around.reader = reads_.get();
  around.clock = &clock_;
  around.post = [this](RaftInput input) { raft_loop_->Post(std::move(input)); };
  around.ask = [this](raft::NodeId leader, const stelepb::Command& change, absl::Duration timeout,
                      Membership::Surroundings::Answer answer) {
    transport_->AskChange(leader, change, timeout, std::move(answer));
  };
  membership_ = std::make_unique<Membership>(peer_loop_.get(), options, std::move(around));
  OnMembersChanged();
}

PeerServiceOutputs Node::MakePeerOutputs() {
  PeerServiceOutputs outputs;
  outputs.messages = [this](std::vector<raft::Message> messages) {
    raft_loop_->Post(PeerInput{std::move(messages)});
  };
  outputs.announced = [this](PeerAddress peer) { transport_->Announce(std::move(peer)); };
  outputs.state_report = [this](const stelepb::StateReport& report, StateWatch::Done done) {
    state_watch_->Answer(report, std::move(done));
  };
  outputs.admission = [this](const stelepb::AdmissionQuestion& question, auto done) {
    admission_desk_->Answer(question, std::move(done));
  };
  outputs.change_members = [this](stelepb::Command change, MemberChanger::Done done) {
    membership_->AnswerPeer(std::move(change), std::move(done));
  };
  return outputs;
}

// The apply thread, or before it runs.
void Node::OnMembersChanged() {
  const std::shared_ptr<const storage::ReadView> view = store_->View();
  std::vector<stelepb::MemberRecord> members = view->Members();
  const std::vector<std::uint64_t> removed = view->RemovedMembers();
  std::string own_urls = fmt::format("{}", fmt::join(options_.initial_advertise_peer_urls, ","));
  bool is_learner = false;
  for (const stelepb::MemberRecord& member : members) {
    if (member.id() != identity_.self.value) continue;
    is_learner = member.is_learner();
    own_urls = fmt::format("{}", fmt::join(member.peer_urls(), ","));
  }
  is_learner_ = is_learner;
  transport_->Follow(PeerAddresses(*view, identity_.self), removed, std::move(own_urls));
  gate_.Expel(removed);
  NoteMembers(members);
  membership_->Follow(std::move(members));
  if (Contains(removed, identity_.self.value)) OnRemoved();
}

void Node::OnRemoved() {
  if (removed_.exchange(true)) return;
  spdlog::critical("stopping: {}", std::string(MemberRemovedError().message()));
  if (on_removed_) on_removed_();
}

// A member that was added as a voter serves clients once it is one, so that they never meet it as a
// learner.
absl::Status Node::AwaitVote(const std::function<bool()>& give_up) const {
  while (true) {
    bool waits = false;
    for (const stelepb::MemberRecord& member : store_->View()->Members()) {
      waits |=
          member.id() == identity_.self.value && member.is_learner() && member.voter_when_ready();
    }
    if (!waits) return absl::OkStatus();
    if (give_up()) return absl::CancelledError("asked to stop");
    std::this_thread::sleep_for(kPollInterval);
  }
}

// Best effort: the others elect a leader without us if this does not work out in time.
void Node::TransferLeadership() {
  const absl::Duration patience = absl::Milliseconds(options_.election_timeout_ms);
  const absl::Duration deadline = clock_.Now() + patience;
  raft::NodeId target = raft::kNoNode;
  while (raft_loop_->facts().is_leader && clock_.Now() < deadline) {
    auto answer = std::make_shared<std::promise<raft::Status>>();
    std::future<raft::Status> status = answer->get_future();
    raft_loop_->Post(
        NodeInput{[answer](const raft::RawNode& raft) { answer->set_value(raft.GetStatus()); }});
    if (status.wait_for(absl::ToChronoMilliseconds(patience)) != std::future_status::ready) return;
    const raft::Status now = status.get();
    if (now.conf_state.voters.size() == 1) return;
    // Who is alive may just be being found out anew.
    const raft::NodeId best = BestSuccessor(now);
    if (target == raft::kNoNode && best != raft::kNoNode) {
      target = best;
      raft_loop_->Post(TransferInput{target});
    }
    std::this_thread::sleep_for(kPollInterval / 4);
  }
}

}  // namespace stele::server
