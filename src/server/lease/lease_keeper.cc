#include "src/server/lease/lease_keeper.h"

#include <algorithm>
#include <utility>

#include "src/server/api/errors.h"
#include "src/server/mutation.h"

namespace stele::server {

LeaseKeeper::LeaseKeeper(const Options& options, const Clock* clock, Proposer* proposer,
                         Reader* reader, LeaseForwarder* forwarder)
    : options_(options),
      clock_(clock),
      proposer_(proposer),
      reader_(reader),
      forwarder_(forwarder),
      last_pass_(clock->Now()) {
  Reload();
}

void LeaseKeeper::Ask(std::int64_t lease_id, bool renew, Done done) {
  inputs_.Post(Input(Question{lease_id, renew, false, clock_->Now(), std::move(done)}));
}

void LeaseKeeper::List(ListDone done) { inputs_.Post(Input(ListWish{std::move(done)})); }

void LeaseKeeper::AnswerPeer(std::int64_t lease_id, bool renew, Done done) {
  inputs_.Post(Input(Question{lease_id, renew, true, clock_->Now(), std::move(done)}));
}

void LeaseKeeper::OnLeaseChanges(std::vector<storage::LeaseChange> changes) {
  inputs_.Post(Input(Facts{std::move(changes)}));
}

void LeaseKeeper::OnStoreReplaced() { inputs_.Post(Input(Replaced{})); }

void LeaseKeeper::OnRoleChange(const RaftLoop::RoleChange& change) { inputs_.Post(Input(change)); }

bool LeaseKeeper::RunOnce() {
  const absl::Duration now = clock_->Now();
  if (is_leader_ && now - last_pass_ > options_.election_timeout + options_.expiry_interval) {
    // The process was stopped or the machine slept: nobody could renew meanwhile.
    deadlines_.ExtendLiving(now);
  }
  last_pass_ = now;
  inputs_.TakeAll(&batch_);
  const bool worked = !batch_.empty();
  for (Input& input : batch_) {
    std::visit([this](auto& each) { Handle(std::move(each)); }, input);
  }
  batch_.clear();
  if (!waiting_.empty() && now >= retry_at_) RetryWaiting(now);
  if (is_leader_ && now >= expire_at_) ProposeExpired(now);
  return worked;
}

absl::Duration LeaseKeeper::IdleTime() {
  absl::Duration wake_at = absl::InfiniteDuration();
  if (!waiting_.empty()) wake_at = std::min(wake_at, retry_at_);
  if (is_leader_ && deadlines_.size() > 0) wake_at = std::min(wake_at, expire_at_);
  // A leader with leases passes at least this often, so that a pause of the process is noticed.
  const bool watching = is_leader_ && deadlines_.size() > 0;
  return std::clamp(wake_at - clock_->Now(), absl::ZeroDuration(),
                    watching ? options_.expiry_interval : absl::InfiniteDuration());
}

void LeaseKeeper::Handle(Question question) {
  if (is_leader_) {
    if (Planted(Mutation::kRenewWithoutRound)) return Answer(std::move(question));
    auto shared = std::make_shared<Question>(std::move(question));
    reader_->Linearizable([this, shared](const absl::StatusOr<Reader::View>& view) {
      inputs_.Post(Input(Confirmed{std::move(*shared), view.status()}));
    });
    return;
  }
  if (question.from_peer) return question.done(NotLeaderError());
  if (leader_ == raft::kNoNode) {
    if (waiting_.empty()) retry_at_ = clock_->Now() + options_.retry_interval;
    waiting_.push_back(std::move(question));
    return;
  }
  const std::int64_t lease_id = question.lease_id;
  const bool renew = question.renew;
  auto shared = std::make_shared<Question>(std::move(question));
  forwarder_->Ask(leader_, lease_id, renew, [this, shared](absl::StatusOr<LeaseAnswer> answer) {
    inputs_.Post(Input(Forwarded{std::move(*shared), std::move(answer)}));
  });
}

void LeaseKeeper::Handle(ListWish wish) { wish.done(deadlines_.IdsByDeadline()); }

void LeaseKeeper::Handle(const Facts& facts) {
  const absl::Duration now = clock_->Now();
  for (const storage::LeaseChange& change : facts.changes) {
    if (change.kind == storage::LeaseChange::Kind::kGranted) {
      deadlines_.Grant(change.id, change.ttl_seconds, now);
    } else {
      deadlines_.Remove(change.id);
    }
  }
  if (!waiting_.empty()) retry_at_ = now;  // somebody may wait for one of these revokes
  expire_at_ = std::min(expire_at_, deadlines_.NextDeadline().value_or(absl::InfiniteDuration()));
}

void LeaseKeeper::Handle(Replaced) { Reload(); }

void LeaseKeeper::Handle(RaftLoop::RoleChange change) {
  const bool was_leader = is_leader_;
  const raft::Term former_term = term_;
  is_leader_ = change.role == raft::Role::kLeader;
  leader_ = change.leader;
  term_ = change.term;
  const absl::Duration now = clock_->Now();
  if (is_leader_ && (!was_leader || term_ != former_term)) {
    if (!Planted(Mutation::kNewLeaderKeepsDeadlines)) {
      deadlines_.ExtendAll(now, options_.election_timeout);
    }
    expire_at_ = now;
  }
  retry_at_ = now;
}

void LeaseKeeper::Handle(Confirmed confirmed) {
  if (!confirmed.status.ok()) return confirmed.question.done(confirmed.status);
  if (!is_leader_) return Handle(std::move(confirmed.question));
  Answer(std::move(confirmed.question));
}

void LeaseKeeper::Handle(Forwarded forwarded) {
  if (forwarded.answer.ok()) return forwarded.question.done(std::move(forwarded.answer));
  // The leader changed or its connection broke. Asking twice does no harm.
  if (waiting_.empty()) retry_at_ = clock_->Now() + options_.retry_interval;
  waiting_.push_back(std::move(forwarded.question));
}

void LeaseKeeper::Handle(RevokeFailed failed) {
  deadlines_.RetryExpiry(failed.lease_id, clock_->Now() + options_.expiry_interval);
  expire_at_ = std::min(expire_at_, deadlines_.NextDeadline().value_or(absl::InfiniteDuration()));
}

void LeaseKeeper::Reload() {
  deadlines_.Clear();
  const absl::Duration now = clock_->Now();
  for (const storage::LeaseChange& lease : reader_->Serializable()->Leases()) {
    deadlines_.Grant(lease.id, lease.ttl_seconds, now + options_.election_timeout);
  }
}

void LeaseKeeper::Answer(Question question) {
  const LeaseDeadlines::Lease* lease = deadlines_.Find(question.lease_id);
  if (lease == nullptr) return question.done(LeaseAnswer{});
  const absl::Duration now = clock_->Now();
  const bool is_expiring = lease->expiring || lease->deadline <= now;
  if (is_expiring && !Planted(Mutation::kExpiringRenewed)) {
    // Its revoke is on the way: the answer is what comes of it.
    if (waiting_.empty()) retry_at_ = now + options_.retry_interval;
    waiting_.push_back(std::move(question));
    return;
  }
  LeaseAnswer answer;
  answer.found = true;
  answer.granted_seconds = lease->ttl_seconds;
  if (question.renew) {
    if (!Planted(Mutation::kRenewalNotKept)) deadlines_.Renew(question.lease_id, now);
    answer.remaining_seconds = lease->ttl_seconds;
  } else {
    answer.remaining_seconds = absl::ToInt64Seconds(lease->deadline - now);
  }
  question.done(answer);
}

void LeaseKeeper::RetryWaiting(absl::Duration now) {
  std::vector<Question> again;
  again.swap(waiting_);
  retry_at_ = now + options_.retry_interval;
  for (Question& question : again) {
    if (now - question.since >= options_.request_timeout) {
      question.done(TimeoutError());
    } else {
      Handle(std::move(question));
    }
  }
}

void LeaseKeeper::ProposeExpired(absl::Duration now) {
  const std::vector<std::int64_t> expired =
      deadlines_.TakeExpired(now, options_.expiries_per_interval);
  for (const std::int64_t id : expired) {
    stelepb::Command command;
    command.mutable_lease_revoke()->set_id(id);
    command.mutable_lease_revoke()->set_expired_in_term(term_.value);
    proposer_->Propose(&command, [this, id](const storage::CommandResult& result) {
      if (absl::IsUnavailable(result.status) || absl::IsResourceExhausted(result.status)) {
        inputs_.Post(Input(RevokeFailed{id}));
      }
    });
  }
  expire_at_ = deadlines_.NextDeadline().value_or(absl::InfiniteDuration());
  if (expired.size() == options_.expiries_per_interval) {
    expire_at_ = std::max(expire_at_, now + options_.expiry_interval);
  }
}

}  // namespace stele::server
