#include "src/server/membership/membership.h"

#include <algorithm>
#include <utility>

#include "spdlog/spdlog.h"
#include "src/server/api/errors.h"

namespace stele::server {
namespace {

constexpr absl::Duration kRetryInterval = absl::Milliseconds(20);
constexpr absl::Duration kPromoteInterval = absl::Milliseconds(200);
// Who is alive is known anew after every check-quorum, once each has answered a heartbeat.
constexpr absl::Duration kLivenessPatience = absl::Milliseconds(400);

bool MayBeMistaken(const absl::Status& status) {
  return status == UnhealthyError() || status == LearnerNotReadyError();
}

}  // namespace

// A change on its way; answered exactly once, at the latest when nobody holds it any more.
struct Membership::Request {
  stelepb::Command change;
  Done done;
  absl::Duration deadline;
  bool from_peer = false;
  bool by_itself = false;
  bool handed_over = false;  // leadership, or tried to
  absl::Duration doubted_since = absl::InfiniteDuration();

  Request(stelepb::Command command, Done answer)
      : change(std::move(command)), done(std::move(answer)) {}
  ~Request() { Answer(StoppedError()); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  void Answer(absl::StatusOr<std::vector<stelepb::MemberRecord>> members) {
    if (done != nullptr) std::exchange(done, nullptr)(std::move(members));
  }
};

// What the raft thread found out, read after the proposal was concluded.
struct Membership::Verdict {
  raft::NodeId successor;  // set when leadership must be handed over before the change
};

struct Membership::Transfer {
  raft::NodeId target;
  absl::Duration deadline;
  std::function<void(bool)> done;
};

Membership::Membership(EventLoop* loop, const Options& options, Surroundings surroundings)
    : loop_(loop), options_(options), around_(std::move(surroundings)) {
  loop_->RunAfter(kPromoteInterval, [this] { PromoteTheReady(); });
}

Membership::~Membership() = default;

void Membership::Change(stelepb::Command change, Done done) {
  Start(std::make_shared<Request>(std::move(change), std::move(done)));
}

void Membership::AnswerPeer(stelepb::Command change, Done done) {
  auto request = std::make_shared<Request>(std::move(change), std::move(done));
  request->from_peer = true;
  Start(std::move(request));
}

void Membership::Start(RequestPtr request) {
  request->deadline = around_.clock->Now() + options_.request_timeout;
  loop_->Post([this, request = std::move(request)] { Step(request); });
}

void Membership::Step(const RequestPtr& request) {
  if (around_.clock->Now() >= request->deadline) return request->Answer(TimeoutError());
  const raft::NodeId leader{around_.facts->leader};
  if (leader == options_.self && around_.facts->is_leader) return Lead(request);
  if (request->from_peer || request->by_itself) return request->Answer(NotLeaderError());
  if (leader == raft::kNoNode || leader == options_.self) return Again(request);
  Forward(request, leader);
}

void Membership::Again(const RequestPtr& request) {
  loop_->RunAfter(kRetryInterval, [this, request] { Step(request); });
}

void Membership::Forward(const RequestPtr& request, raft::NodeId leader) {
  const absl::Duration left = request->deadline - around_.clock->Now();
  around_.ask(leader, request->change, left + options_.request_timeout,
              [this, request](auto members) {
                const absl::Status& status = members.status();
                if (absl::IsAborted(status) || status == NotLeaderError()) return Again(request);
                const std::string text(status.message());
                if (absl::IsUnavailable(status) && !text.starts_with("etcdserver: ")) {
                  return request->Answer(TimeoutDueToConnectionLostError());
                }
                request->Answer(std::move(members));
              });
}

// A linearizable read first: the view then holds everything that earlier leaders and earlier
// changes of this one have committed.
void Membership::Lead(const RequestPtr& request) {
  if (leading_) {
    waiting_.push_back(request);
    return;
  }
  leading_ = true;
  around_.reader->Linearizable([this, request](absl::StatusOr<Reader::View> view) {
    loop_->Post([this, request, view = std::move(view)] {
      if (view.ok()) return Propose(request, *view);
      LeaveLead();
      Again(request);
    });
  });
}

void Membership::Propose(const RequestPtr& request, const Reader::View& view) {
  auto verdict = std::make_shared<Verdict>();
  const auto conclude = [this, request, verdict](const storage::CommandResult& result) {
    loop_->Post(
        [this, request, verdict, status = result.status] { Conclude(request, status, *verdict); });
  };
  if (request->change.has_member_update()) {
    return around_.proposals->Propose(&request->change, conclude);
  }
  ConfChangeInput input = ConfChange(request, view, verdict);
  around_.proposals->Propose(&request->change, conclude,
                             [this, input = std::move(input)](std::uint64_t request_id,
                                                              const raft::Payload& data) mutable {
                               input.context = std::string(data.view());
                               input.refused = [proposals = around_.proposals,
                                                request_id](const absl::Status& status) {
                                 proposals->Refuse(request_id, status);
                               };
                               around_.post(std::move(input));
                             });
}

// What runs on the raft thread, where the core's newest state can be seen.
ConfChangeInput Membership::ConfChange(const RequestPtr& request, const Reader::View& view,
                                       const std::shared_ptr<Verdict>& verdict) const {
  MemberFacts facts{view->Members(), view->RemovedMembers(), {}};
  ConfChangeInput input;
  input.next = [rules = options_.rules, self = options_.self, request, verdict,
                facts = std::move(facts), applied = view->applied_index()](
                   const raft::RawNode& node) mutable -> absl::StatusOr<raft::ConfState> {
    if (!node.IsLeader()) return NotLeaderError();
    facts.raft = node.GetStatus();
    const bool is_current = applied.Next() >= facts.raft.first_index &&
                            node.ConfStateAt(applied) == facts.raft.conf_state;
    if (!is_current) return absl::AbortedError("the members have changed meanwhile");
    absl::StatusOr<raft::ConfState> next =
        PlanConfChange(rules, facts, request->change, request->by_itself);
    if (!next.ok() || request->handed_over) return next;
    const auto& voters = next->voters;
    if (std::binary_search(voters.begin(), voters.end(), self)) return next;
    verdict->successor = BestSuccessor(facts.raft);
    if (verdict->successor == raft::kNoNode) return UnhealthyError();
    return absl::AbortedError("leadership is handed over first");
  };
  return input;
}

void Membership::Conclude(const RequestPtr& request, const absl::Status& status,
                          const Verdict& verdict) {
  LeaveLead();
  if (status.ok()) return request->Answer(around_.reader->Serializable()->Members());
  if (verdict.successor != raft::kNoNode) {
    request->handed_over = true;
    return HandOver(verdict.successor, [this, request](bool) { Step(request); });
  }
  if (absl::IsAborted(status) || status == NotLeaderError()) return Again(request);
  const absl::Duration now = around_.clock->Now();
  request->doubted_since = std::min(request->doubted_since, now);
  if (MayBeMistaken(status) && now - request->doubted_since < kLivenessPatience) {
    return Again(request);
  }
  request->Answer(status);
}

void Membership::LeaveLead() {
  leading_ = false;
  std::deque<RequestPtr> waiting;
  waiting.swap(waiting_);
  for (const RequestPtr& request : waiting) Step(request);
}

// The core gives up after an election timeout by itself.
void Membership::HandOver(raft::NodeId target, std::function<void(bool)> done) {
  spdlog::info("handing leadership over to member {:x}", target.value);
  around_.post(TransferInput{target});
  AwaitLeader(std::make_shared<Transfer>(
      Transfer{target, around_.clock->Now() + 2 * options_.election_timeout, std::move(done)}));
}

void Membership::AwaitLeader(const std::shared_ptr<Transfer>& transfer) {
  const bool leads = transfer->target == raft::NodeId{around_.facts->leader};
  if (leads || around_.clock->Now() >= transfer->deadline) return transfer->done(leads);
  loop_->RunAfter(kRetryInterval / 4, [this, transfer] { AwaitLeader(transfer); });
}

void Membership::MoveLeader(std::uint64_t target, absl::AnyInvocable<void(absl::Status)> done) {
  if (!around_.facts->is_leader) return done(NotLeaderError());
  bool may_lead = false;
  for (const stelepb::MemberRecord& member : around_.reader->Serializable()->Members()) {
    may_lead |= member.id() == target && !member.is_learner();
  }
  if (!may_lead) return done(BadLeaderTransfereeError());
  auto shared = std::make_shared<decltype(done)>(std::move(done));
  const bool posted = loop_->Post([this, target, shared] {
    HandOver({target}, [shared](bool leads) {
      (*shared)(leads ? absl::OkStatus() : TimeoutOfTransferError());
    });
  });
  if (!posted) (*shared)(StoppedError());
}

void Membership::Follow(std::vector<stelepb::MemberRecord> members) {
  loop_->Post([this, members = std::move(members)] {
    voters_to_be_.clear();
    for (const stelepb::MemberRecord& member : members) {
      if (member.is_learner() && member.voter_when_ready()) voters_to_be_.push_back(member.id());
    }
  });
}

void Membership::PromoteTheReady() {
  loop_->RunAfter(kPromoteInterval, [this] { PromoteTheReady(); });
  if (!around_.facts->is_leader || leading_) return;
  for (const std::uint64_t id : voters_to_be_) {
    stelepb::Command promote;
    promote.mutable_member_promote()->set_member_id(id);
    auto request = std::make_shared<Request>(std::move(promote), [id](const auto& members) {
      if (members.ok()) spdlog::info("member {:x} has caught up and is a voter now", id);
    });
    request->by_itself = true;
    request->doubted_since = -absl::InfiniteDuration();  // it is asked again anyway
    request->deadline = around_.clock->Now() + options_.election_timeout;
    Step(request);
  }
}

}  // namespace stele::server
