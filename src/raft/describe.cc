#include "src/raft/describe.h"

#include <cstddef>
#include <string_view>
#include <variant>

#include "src/raft/conf_change.h"

namespace stele::raft {
namespace {

constexpr std::size_t kShownDataBytes = 32;

template <class Tag>
std::string Number(Ordinal<Tag> ordinal) {
  return std::to_string(ordinal.value);
}

std::string Field(std::string_view name, const std::string& value) {
  return " " + std::string(name) + "=" + value;
}

template <class Tag>
std::string Field(std::string_view name, Ordinal<Tag> value) {
  return Field(name, Number(value));
}

std::string Field(std::string_view name, std::uint64_t value) {
  return Field(name, std::to_string(value));
}

std::string Flag(std::string_view name, bool value) {
  return value ? " " + std::string(name) : std::string();
}

std::string List(const std::vector<NodeId>& nodes) {
  std::string text;
  for (NodeId node : nodes) text += (text.empty() ? "" : ",") + Number(node);
  return text;
}

struct DescribeBody {
  std::string operator()(const RequestVote& m) const {
    return (m.pre_vote ? "RequestPreVote" : "RequestVote") + Field("last", Describe(m.last_entry)) +
           Flag("transfer", m.leader_transfer);
  }
  std::string operator()(const VoteResponse& m) const {
    return std::string(m.pre_vote ? "PreVoteResponse" : "VoteResponse") +
           (m.granted ? " granted" : " refused");
  }
  std::string operator()(const AppendEntries& m) const {
    std::string text =
        "Append" + Field("prev", Describe(m.prev_entry)) + Field("commit", m.leader_commit);
    if (m.entries.empty()) return text;
    text += " [";
    for (const Entry& entry : m.entries) {
      text += (&entry == m.entries.data() ? "" : " ") + Describe(entry);
    }
    return text + "]";
  }
  std::string operator()(const AppendResponse& m) const {
    if (!m.rejected) return "AppendResponse" + Field("match", m.match_index);
    return "AppendResponse rejected" + Field("at", m.rejected_index) +
           Field("hint", Describe(m.hint));
  }
  std::string operator()(const Heartbeat& m) const {
    return "Heartbeat" + Field("round", m.round) + Field("commit", m.leader_commit);
  }
  std::string operator()(const HeartbeatResponse& m) const {
    return "HeartbeatResponse" + Field("round", m.round);
  }
  std::string operator()(const InstallSnapshot& m) const {
    return "InstallSnapshot" + Field("last", Describe(m.meta.last)) + " " +
           Describe(m.meta.conf_state);
  }
  std::string operator()(const ReadIndexRequest& m) const {
    return "ReadIndexRequest" + Field("id", m.request_id);
  }
  std::string operator()(const ReadIndexResponse& m) const {
    return "ReadIndexResponse" + Field("id", m.request_id) +
           (m.rejected ? " rejected" : Field("index", m.read_index));
  }
  std::string operator()(const TimeoutNow& /*m*/) const { return "TimeoutNow"; }
  std::string operator()(const ForwardedProposal& m) const {
    return "ForwardedProposal" + Field("count", m.data.size());
  }
};

std::string Describe(DropReason reason) {
  switch (reason) {
    case DropReason::kMisaddressed:
      return "misaddressed";
    case DropReason::kStaleTerm:
      return "stale-term";
    case DropReason::kLeaderIsAlive:
      return "leader-is-alive";
    case DropReason::kUnexpectedRole:
      return "unexpected-role";
    case DropReason::kUnknownMember:
      return "unknown-member";
    case DropReason::kSenseless:
      return "senseless";
  }
  return "?";
}

struct DescribeEvent {
  std::string operator()(const BecameFollower& e) const {
    return "follower" + Field("term", e.term) + Field("leader", e.leader);
  }
  std::string operator()(const BecamePreCandidate& e) const {
    return "pre-candidate" + Field("term", e.term);
  }
  std::string operator()(const BecameCandidate& e) const {
    return "candidate" + Field("term", e.term) + Flag("transfer", e.leader_transfer);
  }
  std::string operator()(const BecameLeader& e) const {
    return "leader" + Field("term", e.term) + Field("last", e.last_index);
  }
  std::string operator()(const VoteGranted& e) const {
    return "vote-granted" + Field("term", e.term) + Field("candidate", e.candidate) +
           Flag("pre", e.pre_vote);
  }
  std::string operator()(const VoteRefused& e) const {
    return "vote-refused" + Field("term", e.term) + Field("candidate", e.candidate) +
           Flag("pre", e.pre_vote);
  }
  std::string operator()(const QuorumLost& e) const {
    return "quorum-lost" + Field("term", e.term);
  }
  std::string operator()(const Committed& e) const { return "committed" + Field("index", e.index); }
  std::string operator()(const Truncated& e) const { return "truncated" + Field("from", e.from); }
  std::string operator()(const ConfigChanged& e) const {
    return "config-changed" + Field("index", e.index) + Flag("joint", e.joint);
  }
  std::string operator()(const SteppedDown& e) const {
    return "stepped-down" + Field("index", e.index);
  }
  std::string operator()(const SnapshotSent& e) const {
    return "snapshot-sent" + Field("to", e.peer) + Field("last", Describe(e.last));
  }
  std::string operator()(const SnapshotRestored& e) const {
    return "snapshot-restored" + Field("last", Describe(e.last));
  }
  std::string operator()(const TransferStarted& e) const {
    return "transfer-started" + Field("target", e.target);
  }
  std::string operator()(const TransferAborted& e) const {
    return "transfer-aborted" + Field("target", e.target);
  }
  std::string operator()(const ReadRoundStarted& e) const {
    return "read-round" + Field("round", e.round);
  }
  std::string operator()(const ReadsRejected& e) const {
    return "reads-rejected" + Field("count", e.reads);
  }
  std::string operator()(const ProposalsDropped& e) const {
    return "proposals-dropped" + Field("count", e.proposals);
  }
  std::string operator()(const MessageDropped& e) const {
    return "message-dropped" + Field("from", e.from) + Field("term", e.term) +
           Field("reason", Describe(e.reason));
  }
};

}  // namespace

std::string Describe(EntryId id) { return Number(id.index) + "/" + Number(id.term); }

std::string Describe(Role role) {
  switch (role) {
    case Role::kFollower:
      return "follower";
    case Role::kPreCandidate:
      return "pre-candidate";
    case Role::kCandidate:
      return "candidate";
    case Role::kLeader:
      return "leader";
  }
  return "?";
}

std::string Describe(ProgressState state) {
  switch (state) {
    case ProgressState::kProbe:
      return "probe";
    case ProgressState::kReplicate:
      return "replicate";
    case ProgressState::kSnapshot:
      return "snapshot";
  }
  return "?";
}

std::string Describe(ProposeResult result) {
  switch (result) {
    case ProposeResult::kAccepted:
      return "accepted";
    case ProposeResult::kNoLeader:
      return "no-leader";
    case ProposeResult::kTransferring:
      return "transferring";
    case ProposeResult::kOverloaded:
      return "overloaded";
    case ProposeResult::kRefused:
      return "refused";
  }
  return "?";
}

std::string Describe(const ConfState& conf) {
  std::string text = "voters=" + List(conf.voters);
  if (!conf.voters_outgoing.empty()) text += Field("outgoing", List(conf.voters_outgoing));
  if (!conf.learners.empty()) text += Field("learners", List(conf.learners));
  if (!conf.learners_next.empty()) text += Field("learners_next", List(conf.learners_next));
  return text + Flag("auto_leave", conf.auto_leave);
}

std::string Describe(const Entry& entry) {
  std::string text = Describe(entry.id);
  if (entry.type == EntryType::kConfChange) {
    const std::optional<ConfState> conf = DecodeConfState(entry.data.view());
    return text + "{" + (conf.has_value() ? Describe(*conf) : "undecodable") + "}";
  }
  if (entry.data.empty()) return text;
  text += "\"" + std::string(entry.data.view().substr(0, kShownDataBytes));
  return text + (entry.data.size() > kShownDataBytes ? "...\"" : "\"");
}

std::string Describe(const Message& message) {
  return Number(message.from) + "->" + Number(message.to) + " t" + Number(message.term) + " " +
         std::visit(DescribeBody{}, message.body);
}

std::string Describe(const ReadState& read) {
  return "read" + Field("id", read.request_id) +
         (read.rejected ? " rejected" : Field("index", read.read_index));
}

std::string Describe(const TraceEvent& event) { return std::visit(DescribeEvent{}, event); }

}  // namespace stele::raft
