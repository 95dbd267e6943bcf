// Those who wait for the result of a command. A proposal is registered before it is handed to the
// RaftLoop, so its result cannot come too early; it resolves exactly once: applied, refused, or
// timed out with unknown outcome.
//
// Thread-safe. `done` callbacks run on the thread that resolves, outside the lock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/raft/types.h"
#include "src/server/api/ports.h"
#include "src/server/clock.h"

namespace stele::server {

class Proposals final : public Proposer {
 public:
  struct Options {
    absl::Duration request_timeout = absl::Seconds(7);
    std::size_t command_bytes_max = 1'572'864;  // --max-request-bytes
    std::size_t waiting_max = 20'000;           // then "too many requests"
    // While this says so (may be empty), only commands that make nothing larger are taken. Any
    // thread.
    std::function<bool()> space_is_short = {};
  };
  // Takes an encoded command to the RaftLoop.
  using Submit = absl::AnyInvocable<void(std::uint64_t request_id, raft::Payload data)>;

  // `first_request_id` is random per start, so that ids of an earlier life or of another member
  // do not meet a waiter here. `clock` outlives this.
  Proposals(Options options, const Clock* clock, std::uint64_t first_request_id);

  // REQUIRES: before the first Propose.
  void set_submit(Submit submit) { submit_ = std::move(submit); }

  void Propose(stelepb::Command* command, Done done) override;
  // The same for a command that takes another way to the log.
  void Propose(stelepb::Command* command, Done done, Submit submit);

  // From apply. Results nobody here waits for are dropped.
  void Resolve(std::vector<storage::CommandResult> results);
  // The command was definitely not proposed.
  void Refuse(std::uint64_t request_id, const absl::Status& status);
  // A leader was lost: timeouts of what was proposed before say so.
  void OnLeaderLost();
  void ExpireOverdue();
  // Every waiter gets "server stopped", now and from now on.
  void Shutdown();

  std::size_t waiting() const;
  std::uint64_t failed() const;

 private:
  struct Waiter {
    Done done;
    absl::Duration proposed_at;
  };

  void Register(stelepb::Command* command, Done done, Submit* submit);

  const Options options_;
  const Clock* const clock_;
  Submit submit_;

  mutable std::mutex mutex_;
  std::uint64_t next_request_id_;
  absl::flat_hash_map<std::uint64_t, Waiter> waiters_;
  // Ids in the order of their deadlines, which is that of arrival; may name resolved ones.
  std::deque<std::pair<std::uint64_t, absl::Duration>> by_deadline_;
  absl::Duration leader_lost_at_ = -absl::InfiniteDuration();
  std::uint64_t failed_ = 0;
  bool stopped_ = false;
};

}  // namespace stele::server
