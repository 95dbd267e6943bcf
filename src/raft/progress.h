// The leader's view of one member: what it has, what to send next, how fast.
//
//   probe      position unknown: one append at a time until one is accepted
//   replicate  position known: appends are pipelined within the in-flight window
//   snapshot   needs entries that are released: nothing is sent until the snapshot is there
#pragma once

#include <cstdint>
#include <utility>

#include "src/raft/inflights.h"
#include "src/raft/types.h"

namespace stele::raft {

enum class ProgressState : std::uint8_t { kProbe, kReplicate, kSnapshot };

class Progress {
 public:
  Progress(NodeId id, Index next_index, Inflights inflights)
      : inflights_(std::move(inflights)), id_(id), next_index_(next_index) {}

  NodeId id() const { return id_; }
  ProgressState state() const { return state_; }
  Index match_index() const { return match_index_; }
  Index next_index() const { return next_index_; }
  Index sent_commit() const { return sent_commit_; }
  Index pending_snapshot() const { return pending_snapshot_; }
  std::uint64_t acked_round() const { return acked_round_; }
  bool recently_active() const { return recently_active_; }
  const Inflights& inflights() const { return inflights_; }

  // No entries may be sent now.
  bool IsPaused() const;
  // Nothing at all may be sent now, not even an empty append.
  bool IsSilenced() const;

  void BecomeProbe();
  void BecomeReplicate();
  void BecomeSnapshot(Index snapshot_index);
  // The snapshot did not arrive: probe from what the member is known to have.
  void AbortSnapshot();

  // An append with `entries` entries of `bytes` bytes from next_index on was sent, together with
  // commit index `commit`.
  void OnSent(std::uint64_t entries, std::uint64_t bytes, Index commit);
  // The member has everything up to `match`. Returns whether that is news.
  bool OnAccepted(Index match);
  // The member refused an append after `rejected`, and might match at `hint`. Returns false for a
  // stale refusal; else next_index fell, but not to match_index or below.
  bool OnRejected(Index rejected, Index hint);
  void OnHeartbeatAck(std::uint64_t round);

  void set_recently_active(bool active) { recently_active_ = active; }
  // Asks for an append with the next heartbeat answer, which finds out about lost ones. Returns
  // the former wish.
  bool ExchangeRecheck(bool recheck);
  // A probe may be repeated.
  void ReleaseProbe() { probe_sent_ = false; }
  void HoldProbe() { probe_sent_ = true; }
  // For the leader itself: its own durable index.
  void SetDurable(Index durable_index);

 private:
  Inflights inflights_;  // empty except in kReplicate
  NodeId id_;
  Index match_index_;              // < next_index_; never falls within a term
  Index next_index_;               // first entry of the next append
  Index pending_snapshot_;         // kSnapshot: the index it was sent; else 0
  Index sent_commit_;              // commit index that the member has been sent
  std::uint64_t acked_round_ = 0;  // newest heartbeat round that it answered in this term
  ProgressState state_ = ProgressState::kProbe;
  bool recently_active_ = false;  // heard of since the last check-quorum
  bool probe_sent_ = false;       // kProbe: wait for an answer or a heartbeat answer
  bool recheck_ = false;          // a heartbeat tick passed since the last heartbeat answer
};

}  // namespace stele::raft
