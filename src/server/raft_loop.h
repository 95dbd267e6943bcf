// The room that owns the Raft core and its log. One pass: take all inputs, step them into the core,
// take one Ready, send, persist, send what had to wait for the disk, hand on what is committed.
// Everything that arrives while a pass syncs is taken together by the next one: group commit.
//
// Inputs come from any thread through Post; all else belongs to the pump's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/raft/raw_node.h"
#include "src/server/clock.h"
#include "src/server/mailbox.h"
#include "src/server/proposals.h"
#include "src/server/pump.h"
#include "src/server/reads.h"
#include "src/server/transport.h"
#include "src/storage/log_store.h"

namespace stele::server {

// What other threads may know of the core at any time. Each value is a moment's truth.
struct RaftFacts {
  std::atomic<std::uint64_t> leader{0};
  std::atomic<std::uint64_t> term{0};
  std::atomic<std::uint64_t> commit_index{0};
  std::atomic<std::uint64_t> last_index{0};
  std::atomic<bool> is_leader{false};
  std::atomic<std::uint64_t> leader_changes{0};
};

// Inputs of the loop.
struct ProposalInput {
  std::uint64_t request_id = 0;
  raft::Payload data;
};
struct PeerInput {
  std::vector<raft::Message> messages;
};
struct WakeInput {};  // a read wants a round
struct AppliedInput {
  raft::Index index;
};
struct UnreachableInput {
  raft::NodeId peer;
};
struct SnapshotReportInput {
  raft::NodeId peer;
  bool installed = false;
};
// A snapshot up to `last` is on its way: the log keeps what the peer will need behind it.
struct SnapshotSentInput {
  raft::NodeId peer;
  raft::Index last;
};
// The store holds everything up to `durable` on disk; the log before it may go.
struct ReleaseInput {
  raft::EntryId durable;
};
struct TransferInput {
  raft::NodeId target;
};
// A change of the members, decided on the loop's thread from the core's newest state.
struct ConfChangeInput {
  // Which config to propose, or why none.
  std::function<absl::StatusOr<raft::ConfState>(const raft::RawNode&)> next;
  std::string context;  // carried by the entry to apply
  // Called at once if the change is definitely not proposed: `next`'s error, "not leader", or
  // kAborted when the core does not take it now and may take it later.
  std::function<void(const absl::Status&)> refused;
};
// Runs `question` on the loop's thread, for rare questions.
struct NodeInput {
  std::function<void(const raft::RawNode&)> question;
};
using RaftInput = std::variant<ProposalInput, PeerInput, WakeInput, AppliedInput, UnreachableInput,
                               SnapshotSentInput, SnapshotReportInput, ReleaseInput, TransferInput,
                               ConfChangeInput, NodeInput>;

// What a pass hands on to apply: a snapshot to install before the entries, and the entries.
struct ApplyWork {
  std::optional<raft::SnapshotMeta> install;
  std::vector<raft::Entry> entries;
};

// Names the state of a store that has applied up to `last`. Nothing when the core has meanwhile
// restarted behind a newer snapshot, even one that is not yet persisted, and so no longer knows the
// config of that time. On the loop's thread.
std::optional<raft::SnapshotMeta> SnapshotMetaAt(const raft::RawNode& raft, raft::EntryId last);

class RaftLoop final : public Pump {
 public:
  struct Options {
    absl::Duration tick_interval = absl::Milliseconds(25);
    // Kept behind the released index for slow followers: at most so many entries and bytes.
    std::uint64_t catch_up_entries = 5000;
    std::uint64_t catch_up_bytes = std::uint64_t{32} << 20U;
    // For a member that gets a snapshot, what follows the snapshot is kept until the member has
    // nearly caught up, but not for longer than this nor more than so many bytes.
    absl::Duration snapshot_hold_max = absl::Minutes(10);
    std::uint64_t snapshot_hold_bytes = std::uint64_t{256} << 20U;
    absl::Duration request_timeout = absl::Seconds(7);
    absl::Duration seal_after_idle = absl::Milliseconds(10);
    // With less room in the log, or while the disk is said to be exhausted (may be empty), nothing
    // new is taken: proposals are refused, appends of the leader are not heard. Votes and reads go
    // on.
    std::uint64_t log_room_min = 0;
    std::function<bool()> disk_exhausted = {};
  };
  struct RoleChange {
    raft::Role role;
    raft::NodeId leader;
    raft::Term term;
  };
  struct Outputs {
    std::function<void(ApplyWork)> apply;
    std::function<void(const RoleChange&)> role_changed;
    // A disk error: report it and end the process. Does not return in production.
    std::function<void(const absl::Status&)> fail_stop;
  };

  // All pointers outlive the loop.
  RaftLoop(const Options& options, std::unique_ptr<raft::RawNode> node,
           std::unique_ptr<storage::LogStore> log, Transport* transport, Proposals* proposals,
           Reads* reads, const Clock* clock, Outputs outputs);

  void set_wake(Wake wake) { inputs_.set_wake(std::move(wake)); }
  void Post(RaftInput input) { inputs_.Post(std::move(input)); }
  const RaftFacts& facts() const { return facts_; }

  bool RunOnce() override;
  absl::Duration IdleTime() override;

  // After the last RunOnce: closes the log so that the next start sees a sealed end; where that is.
  storage::LogEnd CloseLog();

 private:
  void Handle(ProposalInput input);
  void Handle(PeerInput input);
  void Handle(WakeInput input);
  void Handle(AppliedInput input);
  void Handle(UnreachableInput input);
  void Handle(SnapshotSentInput input);
  void Handle(SnapshotReportInput input);
  void Handle(ReleaseInput input);
  void Handle(TransferInput input);
  void Handle(const ConfChangeInput& input);
  void Handle(const NodeInput& input);

  raft::Index CatchUpStart(raft::Index durable) const;
  // `release_to`, or less if a member that gets a snapshot needs entries before it.
  raft::Index HeldBack(raft::Index release_to);
  std::uint64_t BytesBetween(raft::Index from, raft::Index to) const;
  bool TickIfDue();
  // Keeps the file of the log's next segment ready, and finds out whether more can be taken.
  void ReserveLog();
  void StartReadRound();
  // Proposals that found no leader wait here until there is one or their waiter gave up.
  void RetryParked();
  void ProcessReady();
  void Persist(const raft::Ready& ready);
  // Proves the last batch of the log once nothing else is to be done (docs/wal_format.md).
  void SealIfIdle();
  void PublishFacts(const raft::Ready& ready);

  struct Hold {
    raft::Index last;  // of the snapshot, later what the member has
    absl::Duration until;
    bool installed = false;
  };
  struct Parked {
    ProposalInput proposal;
    absl::Duration since;
  };

  const Options options_;
  const std::unique_ptr<storage::LogStore> log_;
  const std::unique_ptr<raft::RawNode> node_;
  Transport* const transport_;
  Proposals* const proposals_;
  Reads* const reads_;
  const Clock* const clock_;
  const Outputs outputs_;

  Mailbox<RaftInput> inputs_;
  std::vector<RaftInput> batch_;  // storage reused from pass to pass
  std::deque<Parked> parked_;
  std::map<raft::NodeId, Hold> holds_;
  absl::Duration next_tick_;
  bool full_ = false;  // see log_room_min
  absl::Duration reserve_at_ = -absl::InfiniteDuration();
  bool unsealed_ = false;
  absl::Duration seal_at_;
  RaftFacts facts_;
};

}  // namespace stele::server
