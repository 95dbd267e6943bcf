#include "src/server/proposals.h"

#include <mutex>
#include <utility>

#include "src/server/api/errors.h"
#include "src/storage/state_machine/command_cost.h"

namespace stele::server {
namespace {

storage::CommandResult Failure(std::uint64_t request_id, const absl::Status& status) {
  storage::CommandResult result;
  result.request_id = request_id;
  result.status = status;
  return result;
}

}  // namespace

Proposals::Proposals(Options options, const Clock* clock, std::uint64_t first_request_id)
    : options_(std::move(options)), clock_(clock), next_request_id_(first_request_id) {}

void Proposals::Propose(stelepb::Command* command, Done done) {
  Register(command, std::move(done), &submit_);
}

void Proposals::Propose(stelepb::Command* command, Done done, Submit submit) {
  Register(command, std::move(done), &submit);
}

void Proposals::Register(stelepb::Command* command, Done done, Submit* submit) {
  std::uint64_t request_id = 0;
  absl::Status refusal;
  {
    const std::lock_guard lock(mutex_);
    if (next_request_id_ == 0) next_request_id_ = 1;  // 0 means that nobody waits
    request_id = next_request_id_++;
    if (stopped_) {
      refusal = StoppedError();
    } else if (waiters_.size() >= options_.waiting_max) {
      refusal = TooManyRequestsError();
    } else if (options_.space_is_short && options_.space_is_short() &&
               storage::CostOf(*command) > 0) {
      refusal = NoSpaceError();
    }
  }
  command->set_request_id(request_id);
  std::string bytes;
  if (refusal.ok()) {
    bytes = command->SerializeAsString();
    if (bytes.size() > options_.command_bytes_max) refusal = RequestTooLargeError();
  }
  if (!refusal.ok()) return done(Failure(request_id, refusal));
  {
    const std::lock_guard lock(mutex_);
    const absl::Duration now = clock_->Now();
    waiters_.emplace(request_id, Waiter{std::move(done), now});
    by_deadline_.emplace_back(request_id, now + options_.request_timeout);
  }
  (*submit)(request_id, raft::Payload(std::move(bytes)));
}

void Proposals::Resolve(std::vector<storage::CommandResult> results) {
  std::vector<std::pair<Done, storage::CommandResult*>> resolved;
  {
    const std::lock_guard lock(mutex_);
    for (storage::CommandResult& result : results) {
      auto waiter = waiters_.find(result.request_id);
      if (waiter == waiters_.end()) continue;
      resolved.emplace_back(std::move(waiter->second.done), &result);
      waiters_.erase(waiter);
    }
    while (!by_deadline_.empty() && !waiters_.contains(by_deadline_.front().first)) {
      by_deadline_.pop_front();
    }
  }
  for (auto& [done, result] : resolved) done(std::move(*result));
}

void Proposals::Refuse(std::uint64_t request_id, const absl::Status& status) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    auto waiter = waiters_.find(request_id);
    if (waiter == waiters_.end()) return;
    done = std::move(waiter->second.done);
    waiters_.erase(waiter);
    ++failed_;
  }
  done(Failure(request_id, status));
}

void Proposals::OnLeaderLost() {
  const std::lock_guard lock(mutex_);
  leader_lost_at_ = clock_->Now();
}

void Proposals::ExpireOverdue() {
  struct Overdue {
    std::uint64_t request_id;
    Done done;
    bool leader_failed;
  };
  std::vector<Overdue> overdue;
  {
    const std::lock_guard lock(mutex_);
    const absl::Duration now = clock_->Now();
    while (!by_deadline_.empty() && by_deadline_.front().second <= now) {
      auto waiter = waiters_.find(by_deadline_.front().first);
      if (waiter != waiters_.end()) {
        overdue.push_back({waiter->first, std::move(waiter->second.done),
                           leader_lost_at_ >= waiter->second.proposed_at});
        waiters_.erase(waiter);
        ++failed_;
      }
      by_deadline_.pop_front();
    }
  }
  for (Overdue& each : overdue) {
    each.done(Failure(each.request_id,
                      each.leader_failed ? TimeoutDueToLeaderFailError() : TimeoutError()));
  }
}

void Proposals::Shutdown() {
  absl::flat_hash_map<std::uint64_t, Waiter> abandoned;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    abandoned.swap(waiters_);
    by_deadline_.clear();
  }
  for (auto& [request_id, waiter] : abandoned) waiter.done(Failure(request_id, StoppedError()));
}

std::size_t Proposals::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

std::uint64_t Proposals::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

}  // namespace stele::server
