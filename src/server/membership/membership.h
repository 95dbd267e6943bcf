// Changes of who belongs to the cluster. A request that comes here on any member ends on the
// leader, which checks it, proposes it and answers when it is applied. The leader makes one change
// at a time and hands leadership over before it removes itself.
//
// A member that is added as a voter is a learner until it has caught up; the leader then promotes
// it by itself. So adding a member never costs the cluster its quorum.
//
// Everything happens on the loop's thread, except the calls of MemberChanger, AnswerPeer and
// Follow, which any thread may make.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/server/api/ports.h"
#include "src/server/clock.h"
#include "src/server/front/event_loop.h"
#include "src/server/membership/member_rules.h"
#include "src/server/proposals.h"
#include "src/server/raft_loop.h"

namespace stele::server {

class Membership final : public MemberChanger {
 public:
  struct Options {
    raft::NodeId self;
    absl::Duration request_timeout = absl::Seconds(7);
    absl::Duration election_timeout = absl::Seconds(1);
    MemberRules rules;
  };
  struct Surroundings {
    const RaftFacts* facts = nullptr;
    Proposals* proposals = nullptr;
    Reader* reader = nullptr;
    const Clock* clock = nullptr;
    std::function<void(RaftInput)> post;  // to the RaftLoop
    // Asks the leader, on the loop's thread. kAborted when nothing was sent.
    using Answer = std::function<void(absl::StatusOr<std::vector<stelepb::MemberRecord>>)>;
    std::function<void(raft::NodeId leader, const stelepb::Command& change, absl::Duration timeout,
                       Answer answer)>
        ask;
  };

  // `loop` and what the surroundings point to outlive this; the loop has stopped before it goes.
  Membership(EventLoop* loop, const Options& options, Surroundings surroundings);
  ~Membership() override;

  // MemberChanger
  void Change(stelepb::Command change, Done done) override;
  void MoveLeader(std::uint64_t target, absl::AnyInvocable<void(absl::Status)> done) override;

  // For another member: refused with "not leader" where this one does not lead.
  void AnswerPeer(stelepb::Command change, Done done);

  // The members as they are now, after every change of them.
  void Follow(std::vector<stelepb::MemberRecord> members);

 private:
  struct Request;
  using RequestPtr = std::shared_ptr<Request>;
  struct Verdict;
  struct Transfer;

  void Start(RequestPtr request);
  void Step(const RequestPtr& request);
  void Again(const RequestPtr& request);
  void Forward(const RequestPtr& request, raft::NodeId leader);
  void Lead(const RequestPtr& request);
  void Propose(const RequestPtr& request, const Reader::View& view);
  ConfChangeInput ConfChange(const RequestPtr& request, const Reader::View& view,
                             const std::shared_ptr<Verdict>& verdict) const;
  void Conclude(const RequestPtr& request, const absl::Status& status, const Verdict& verdict);
  void LeaveLead();
  void HandOver(raft::NodeId target, std::function<void(bool)> done);
  void AwaitLeader(const std::shared_ptr<Transfer>& transfer);
  void PromoteTheReady();

  EventLoop* const loop_;
  const Options options_;
  const Surroundings around_;
  bool leading_ = false;            // a change of ours is under way
  std::deque<RequestPtr> waiting_;  // until it is not
  std::vector<std::uint64_t> voters_to_be_;
};

}  // namespace stele::server
