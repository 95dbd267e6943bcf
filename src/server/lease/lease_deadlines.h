// When each lease runs out, in this node's opinion. Pure: time comes in as an argument. Facts
// (which leases exist, with which TTL) are kept on every member; deadlines mean something on the
// leader.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace stele::server {

class LeaseDeadlines {
 public:
  struct Lease {
    std::int64_t ttl_seconds = 0;
    absl::Duration deadline;
    bool expiring = false;  // its revoke has been proposed
  };

  void Clear();
  // A lease that exists already keeps its deadline: entries may be told twice after a restart.
  void Grant(std::int64_t id, std::int64_t ttl_seconds, absl::Duration now);
  void Remove(std::int64_t id);

  // nullptr when there is none. Valid until the next change.
  const Lease* Find(std::int64_t id) const;

  // Gives the lease its whole TTL from `now`. False when it is unknown, or already expiring: its
  // death has been proposed and may be applied at any moment, so it must not be promised life.
  bool Renew(std::int64_t id, absl::Duration now);

  // Every lease gets its whole TTL and `grace` from `now`, unless it has more: what a new leader
  // does, who cannot know when the last renewal was. Never earlier than any promise made. Nothing
  // is expiring any more: revokes that were proposed in earlier terms do not count.
  void ExtendAll(absl::Duration now, absl::Duration grace);
  // The same within a term, where proposed revokes do count: who is expiring gets nothing.
  void ExtendLiving(absl::Duration now);

  // Marks up to `most` overdue leases as expiring and returns them, soonest first.
  std::vector<std::int64_t> TakeExpired(absl::Duration now, std::size_t most);
  // The revoke of this lease may have got lost: it is offered again at `retry_at`. It may yet be
  // applied, so the lease stays expiring. One that was extended meanwhile is left alone.
  void RetryExpiry(std::int64_t id, absl::Duration retry_at);

  std::optional<absl::Duration> NextDeadline() const;
  std::vector<std::int64_t> IdsByDeadline() const;
  std::size_t size() const { return leases_.size(); }

 private:
  void SetDeadline(std::int64_t id, Lease* lease, absl::Duration deadline);

  absl::flat_hash_map<std::int64_t, Lease> leases_;
  std::set<std::pair<absl::Duration, std::int64_t>> by_deadline_;  // without those being revoked
};

}  // namespace stele::server
