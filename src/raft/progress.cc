#include "src/raft/progress.h"

#include <algorithm>
#include <utility>

#include "src/raft/check.h"

namespace stele::raft {

bool Progress::IsPaused() const {
  return IsSilenced() || (state_ == ProgressState::kReplicate && inflights_.Full());
}

bool Progress::IsSilenced() const {
  return state_ == ProgressState::kSnapshot || (state_ == ProgressState::kProbe && probe_sent_);
}

void Progress::BecomeProbe() {
  next_index_ = std::max(match_index_, pending_snapshot_).Next();
  pending_snapshot_ = Index{0};
  state_ = ProgressState::kProbe;
  probe_sent_ = false;
  sent_commit_ = std::min(sent_commit_, match_index_);
  inflights_.Clear();
}

void Progress::BecomeReplicate() {
  next_index_ = match_index_.Next();
  pending_snapshot_ = Index{0};
  state_ = ProgressState::kReplicate;
  probe_sent_ = false;
  inflights_.Clear();
}

void Progress::BecomeSnapshot(Index snapshot_index) {
  STELE_CHECK(snapshot_index > match_index_);
  pending_snapshot_ = snapshot_index;
  state_ = ProgressState::kSnapshot;
  probe_sent_ = false;
  inflights_.Clear();
}

void Progress::AbortSnapshot() {
  STELE_CHECK(state_ == ProgressState::kSnapshot);
  pending_snapshot_ = Index{0};
  BecomeProbe();
}

void Progress::OnSent(std::uint64_t entries, std::uint64_t bytes, Index commit) {
  STELE_CHECK(!IsSilenced());
  if (state_ == ProgressState::kProbe) {
    probe_sent_ = true;
    sent_commit_ = std::max(sent_commit_, std::min(commit, match_index_));
    return;
  }
  if (entries > 0) {
    next_index_ = Index{next_index_.value + entries};
    inflights_.Add(next_index_.Previous(), bytes);
  }
  sent_commit_ = std::max(sent_commit_, std::min(commit, next_index_.Previous()));
}

bool Progress::OnAccepted(Index match) {
  probe_sent_ = false;
  inflights_.FreeTo(match);
  if (match <= match_index_) return false;
  match_index_ = match;
  next_index_ = std::max(next_index_, match.Next());
  return true;
}

bool Progress::OnRejected(Index rejected, Index hint) {
  if (state_ == ProgressState::kSnapshot || rejected <= match_index_) return false;
  if (state_ == ProgressState::kReplicate) {
    // Something that was sent before got lost; what is acknowledged is known to match.
    if (rejected >= next_index_) return false;
    BecomeProbe();
    return true;
  }
  if (rejected != next_index_.Previous()) return false;
  next_index_ = std::max(std::min(rejected, hint.Next()), match_index_.Next());
  probe_sent_ = false;
  return true;
}

void Progress::OnHeartbeatAck(std::uint64_t round) { acked_round_ = std::max(acked_round_, round); }

bool Progress::ExchangeRecheck(bool recheck) { return std::exchange(recheck_, recheck); }

void Progress::SetDurable(Index durable_index) {
  match_index_ = std::max(match_index_, durable_index);
  next_index_ = std::max(next_index_, match_index_.Next());
  recently_active_ = true;
}

}  // namespace stele::raft
