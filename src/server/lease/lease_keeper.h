// Watches the clock for all leases. On the leader it proposes the revoke of leases that ran out and
// answers renewals; on a follower it passes questions on to the leader.
//
// Expiry is only ever proposed, and such a revoke counts only in the term of the leader that
// proposed it; a renewal is answered only after leadership was confirmed by a ReadIndex round. So a
// leader that was paused and deposed can neither kill nor promise anything.
//
// Inputs come from any thread; the rest belongs to the pump's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "src/server/api/ports.h"
#include "src/server/clock.h"
#include "src/server/lease/lease_deadlines.h"
#include "src/server/mailbox.h"
#include "src/server/pump.h"
#include "src/server/raft_loop.h"

namespace stele::server {

// How a follower asks its leader. Any thread; `done` exactly once, within a bounded time.
class LeaseForwarder {
 public:
  virtual ~LeaseForwarder() = default;
  virtual void Ask(raft::NodeId leader, std::int64_t lease_id, bool renew,
                   LeaseClock::Done done) = 0;
};

class LeaseKeeper final : public Pump, public LeaseClock {
 public:
  struct Options {
    absl::Duration request_timeout = absl::Seconds(7);
    absl::Duration election_timeout = absl::Seconds(1);
    absl::Duration retry_interval = absl::Milliseconds(50);
    absl::Duration expiry_interval = absl::Milliseconds(500);
    std::size_t expiries_per_interval = 500;
  };

  LeaseKeeper(const Options& options, const Clock* clock, Proposer* proposer, Reader* reader,
              LeaseForwarder* forwarder);

  void set_wake(Wake wake) { inputs_.set_wake(std::move(wake)); }

  // LeaseClock. A question from another member is never passed on again.
  void Ask(std::int64_t lease_id, bool renew, Done done) override;
  void List(ListDone done) override;
  void AnswerPeer(std::int64_t lease_id, bool renew, Done done);

  // In apply order.
  void OnLeaseChanges(std::vector<storage::LeaseChange> changes);
  void OnStoreReplaced();
  void OnRoleChange(const RaftLoop::RoleChange& change);

  bool RunOnce() override;
  absl::Duration IdleTime() override;

 private:
  struct Question {
    std::int64_t lease_id = 0;
    bool renew = false;
    bool from_peer = false;
    absl::Duration since;
    Done done;
  };
  struct ListWish {
    ListDone done;
  };
  struct Facts {
    std::vector<storage::LeaseChange> changes;
  };
  struct Replaced {};
  struct Confirmed {  // leadership was confirmed, or not
    Question question;
    absl::Status status;
  };
  struct Forwarded {  // the leader answered, or not
    Question question;
    absl::StatusOr<LeaseAnswer> answer;
  };
  struct RevokeFailed {
    std::int64_t lease_id = 0;
  };
  using Input = std::variant<Question, ListWish, Facts, Replaced, RaftLoop::RoleChange, Confirmed,
                             Forwarded, RevokeFailed>;

  void Handle(Question question);
  void Handle(ListWish wish);
  void Handle(const Facts& facts);
  void Handle(Replaced replaced);
  void Handle(RaftLoop::RoleChange change);
  void Handle(Confirmed confirmed);
  void Handle(Forwarded forwarded);
  void Handle(RevokeFailed failed);

  void Reload();
  void Answer(Question question);
  void RetryWaiting(absl::Duration now);
  void ProposeExpired(absl::Duration now);

  const Options options_;
  const Clock* const clock_;
  Proposer* const proposer_;
  Reader* const reader_;
  LeaseForwarder* const forwarder_;

  Mailbox<Input> inputs_;
  std::vector<Input> batch_;
  LeaseDeadlines deadlines_;
  bool is_leader_ = false;
  raft::NodeId leader_;
  raft::Term term_;
  std::vector<Question> waiting_;  // for a leader, or for a revoke under way
  absl::Duration retry_at_;        // of waiting_
  absl::Duration expire_at_;       // the next look at the deadlines
  absl::Duration last_pass_;
};

}  // namespace stele::server
