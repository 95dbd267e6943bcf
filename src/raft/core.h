// The Raft state machine. One class, its transitions spread over files by their role in the
// protocol:
//
//   core.cc              construction, Ready, proposals, reads
//   core_step.cc         which message goes where, and what older and newer terms mean
//   core_election.cc     ticks, campaigns, votes, roles, check-quorum, leader transfer
//   core_replication.cc  appends, acknowledgements, commit, heartbeats
//   core_snapshot.cc     members that are too far behind
//   core_membership.cc   configs
//
// Only RawNode uses it; the contract is raw_node.h.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "src/raft/conf_history.h"
#include "src/raft/invariants.h"
#include "src/raft/progress_tracker.h"
#include "src/raft/raft_log.h"
#include "src/raft/raw_node.h"
#include "src/raft/read_queue.h"
#include "src/raft/trace.h"

namespace stele::raft {

class Core {
 public:
  Core(const Config& config, const LogReader& log, const HardState& hard_state,
       const ConfState& conf_state, Index applied_index, RawNode::Random random, TraceSink* trace);

  void Tick();
  void Step(Message message);
  ProposeResult Propose(Payload data);
  ProposeResult ProposeConfState(const ConfState& next, std::string_view context);
  ProposeResult ReadIndex(std::uint64_t request_id);
  void Campaign();
  void TransferLeader(NodeId target);
  void ReportUnreachable(NodeId peer);
  void ReportSnapshot(NodeId peer, bool installed);

  bool HasReady() const;
  Ready TakeReady();
  void OnPersisted(std::uint64_t ready_number);
  void OnApplied(Index applied_index);

  const Config& config() const { return config_; }
  Status GetStatus() const;
  const ConfState& ConfStateAt(Index index) const { return conf_history_.At(index); }
  bool IsLeader() const { return role_ == Role::kLeader; }
  NodeId leader() const { return leader_; }
  Term term() const { return term_; }
  Index commit_index() const { return log_.commit_index(); }

  // Called after every input: aborts when an invariant is broken (invariants.h).
  void CheckStep();

 private:
  enum class CampaignKind : std::uint8_t { kPreVote, kElection, kTransfer };
  struct InFlightReady {
    std::uint64_t number = 0;
    HardState hard_state;
  };

  // core.cc
  StateView View() const;
  void CheckDeeply() const;
  void ReadConfigsFromLog();
  bool HasCommittedInTerm() const { return log_.commit_index() >= term_start_index_; }
  HardState hard_state() const { return {term_, vote_, log_.commit_index()}; }
  bool Has(Mutation mutation) const { return config_.mutation == mutation; }
  SoftState soft_state() const { return {leader_, role_}; }
  void Flush();
  void FlushForwarded();
  ProposeResult ProposeAsLeader(Payload data);
  bool CanStartReadRound() const;
  void AnswerReads(const std::vector<ReadBatch>& batches, std::optional<Index> read_index);
  void RejectReads();
  void RejectRead(const QueuedRead& read);
  void Send(NodeId to, MessageBody body) { SendAt(term_, to, std::move(body)); }
  void SendAt(Term term, NodeId to, MessageBody body);
  void Trace(const TraceEvent& event) const;
  void Drop(const Message& message, DropReason reason) const;

  // core_step.cc
  bool AdmitTerm(const Message& message);
  void AnswerOlderTerm(const Message& message);
  bool HearsFromLeader(NodeId candidate) const;
  bool FollowSender(const Message& message);
  // The sender's progress, which marks it as alive; null, with the message dropped, when this node
  // does not lead or the sender is no member.
  Progress* ProgressOfSender(const Message& message);
  void On(const Message& message, const RequestVote& request);
  void On(const Message& message, const VoteResponse& response);
  void On(const Message& message, AppendEntries& append);
  void On(const Message& message, const AppendResponse& response);
  void On(const Message& message, const Heartbeat& heartbeat);
  void On(const Message& message, const HeartbeatResponse& response);
  void On(const Message& message, const InstallSnapshot& install);
  void On(const Message& message, const ReadIndexRequest& request);
  void On(const Message& message, const ReadIndexResponse& response);
  void On(const Message& message, const TimeoutNow& timeout_now);
  void On(const Message& message, ForwardedProposal& proposal);

  // core_election.cc
  void TickElection();
  void TickLeader();
  bool IsPromotable() const;
  void StartCampaign(CampaignKind kind);
  void CountCampaignVotes();
  void BecomeFollower(Term term, NodeId leader);
  void BecomePreCandidate();
  void BecomeCandidate(CampaignKind kind);
  void BecomeLeader();
  void SetRole(Role role, Term term, NodeId leader);
  void ResetElectionTimer();
  void HurryElection();
  int HurriedTimeout();
  void CheckQuorum();
  void AbortTransfer();
  void ContinueTransfer(Progress& progress);

  // core_replication.cc
  // `cost` counts against uncommitted_bytes_max until the entry is committed.
  void AppendAsLeader(EntryType type, Payload data, std::uint64_t cost);
  bool IsSoundAppend(const Message& message, const AppendEntries& append) const;
  void AppendNewEntries(std::vector<Entry> entries);
  void AckAppend(NodeId leader, Index match_index);
  void RejectAppend(NodeId leader, EntryId prev);
  void OnAppendAccepted(Progress& progress, Index match_index);
  void OnAppendRejected(Progress& progress, const AppendResponse& response);
  void AdoptCommit(Index leader_commit);
  bool MaybeAppend(Progress& progress, bool allow_empty);
  void FillWindow(Progress& progress);
  void Replicate();
  void BroadcastHeartbeat();
  void StartReadRound();
  void ServeConfirmedReads();
  void MaybeCommit();

  // core_snapshot.cc
  void SendSnapshot(Progress& progress);

  // core_membership.cc
  void AdoptCurrentConf();
  void SetTrackedConf();
  bool CanChangeConf(const ConfState& next) const;
  void LeaveJointIfDue();
  void StepDownIfRemoved();

  const Config config_;
  const RawNode::Random random_;
  TraceSink* const trace_;  // may be null

  RaftLog log_;
  ConfHistory conf_history_;
  ProgressTracker tracker_;  // its config is conf_history_.current()
  ReadQueue reads_;

  // Term, vote and role (Raft paper Figure 2).
  Term term_;      // never falls
  NodeId vote_;    // kNoNode until it votes in term_
  NodeId leader_;  // kNoNode while unknown; for one term at most one node
  Role role_ = Role::kFollower;

  // Time, in ticks.
  int election_elapsed_ = 0;   // since the leader was heard or a vote given; leader: since the
                               // last check-quorum
  int heartbeat_elapsed_ = 0;  // leader: since the last heartbeat; follower: since its last
                               // request for a read index
  int election_timeout_ = 0;   // drawn from [T, 2T) per attempt, less in a hurry
  // The connection to leader_, or to the last one there was, broke, and no leader was heard since.
  bool leader_is_lost_ = false;
  int hurried_campaigns_ = 0;  // begun since

  // Leader only.
  Index term_start_index_;                       // of its first entry in term_
  std::uint64_t round_ = 0;                      // newest heartbeat round of term_
  std::deque<std::uint64_t> uncommitted_sizes_;  // of entries commit_index + 1 ..., own term only
  std::uint64_t uncommitted_bytes_ = 0;          // sum over uncommitted_sizes_
  NodeId transfer_target_;                       // kNoNode unless leadership is being handed over
  int transfer_elapsed_ = 0;
  bool replicate_due_ = false;  // entries or commit moved: tell the members with the next Ready

  // Follower only.
  std::uint64_t request_id_;         // of its newest ReadIndexRequest; starts at random per life
  std::vector<Payload> forwarding_;  // proposals for the leader, sent with the next Ready
  std::uint64_t forwarding_bytes_ = 0;

  // Output.
  std::vector<Message> messages_;
  std::vector<Message> messages_after_persist_;
  std::vector<ReadState> read_states_;
  SoftState told_soft_state_;     // as of the last Ready
  HardState told_hard_state_;     // as of the last Ready
  HardState durable_hard_state_;  // as of the last OnPersisted
  std::uint64_t ready_number_ = 0;
  std::optional<InFlightReady> in_flight_;  // taken and not yet persisted

  StateView checked_;  // as of the last CheckStep
};

}  // namespace stele::raft
