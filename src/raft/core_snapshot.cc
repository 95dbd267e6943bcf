// Members that are too far behind for entries (Raft paper section 7).
#include "src/raft/check.h"
#include "src/raft/conf_change.h"
#include "src/raft/core.h"

namespace stele::raft {

void Core::SendSnapshot(Progress& progress) {
  // To somebody who is gone the bytes would be sent in vain.
  if (!progress.recently_active()) return;
  const SnapshotMeta snapshot = log_.LatestSnapshot();
  // A log is released only behind its newest snapshot, so that snapshot and log leave no gap.
  STELE_CHECK(snapshot.last.index.Next() >= log_.first_index());
  STELE_CHECK(snapshot.last.index > progress.match_index());
  progress.BecomeSnapshot(snapshot.last.index);
  Trace(SnapshotSent{progress.id(), snapshot.last});
  Send(progress.id(), InstallSnapshot{snapshot});
}

void Core::On(const Message& message, const InstallSnapshot& install) {
  const SnapshotMeta& snapshot = install.meta;
  const bool is_sound = snapshot.last.index > Index{0} && snapshot.last.term <= message.term &&
                        IsValid(snapshot.conf_state);
  if (!is_sound) return Drop(message, DropReason::kSenseless);
  if (!FollowSender(message)) return;
  if (snapshot.last.index <= log_.commit_index() && !Has(Mutation::kSnapshotBehindCommit)) {
    return AckAppend(message.from, log_.commit_index());
  }
  if (log_.Matches(snapshot.last)) {
    // The log already holds all of it, and knows now that it is committed.
    AdoptCommit(snapshot.last.index);
    return AckAppend(message.from, snapshot.last.index);
  }
  log_.Restore(snapshot);
  const bool keeps_conf = Has(Mutation::kSnapshotKeepsConf);
  conf_history_.Reset(snapshot.last.index,
                      keeps_conf ? ConfState(conf_history_.current()) : snapshot.conf_state);
  Trace(SnapshotRestored{snapshot.last});
  AdoptCurrentConf();
  AckAppend(message.from, snapshot.last.index);
}

void Core::ReportSnapshot(NodeId peer, bool installed) {
  Progress* progress = IsLeader() ? tracker_.Find(peer) : nullptr;
  if (progress == nullptr || progress->state() != ProgressState::kSnapshot) return;
  if (installed) {
    progress->BecomeProbe();
  } else {
    progress->AbortSnapshot();
  }
  // Its own acknowledgement is on its way; failing that, the next heartbeat answer goes on.
  progress->HoldProbe();
}

void Core::ReportUnreachable(NodeId peer) {
  if (!IsLeader()) {
    if (peer == leader_) HurryElection();
    return;
  }
  Progress* progress = tracker_.Find(peer);
  // What is in flight was probably lost.
  if (progress == nullptr || progress->id() == config_.id) return;
  if (progress->state() == ProgressState::kReplicate) progress->BecomeProbe();
}

}  // namespace stele::raft
