#include "src/raft/conf_change.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "src/raft/check.h"
#include "src/raft/quorum.h"

namespace stele::raft {
namespace {

static_assert(kMembersMax <= kVotersMax);
static_assert(kMembersMax <= 255, "a list's length is encoded in one byte");

constexpr char kFormatVersion = 1;
constexpr std::size_t kNodeIdBytes = 8;

using Nodes = std::vector<NodeId>;

bool Contains(const Nodes& nodes, NodeId node) {
  return std::binary_search(nodes.begin(), nodes.end(), node);
}

bool IsSortedSet(const Nodes& nodes) {
  const auto not_ascending = [](NodeId a, NodeId b) { return a >= b; };
  return nodes.size() <= kMembersMax && (nodes.empty() || nodes.front() != kNoNode) &&
         std::adjacent_find(nodes.begin(), nodes.end(), not_ascending) == nodes.end();
}

bool AreDisjoint(const Nodes& a, const Nodes& b) {
  return std::none_of(a.begin(), a.end(), [&b](NodeId node) { return Contains(b, node); });
}

bool IsSubset(const Nodes& part, const Nodes& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

void AppendNodes(const Nodes& nodes, std::string* bytes) {
  STELE_CHECK(nodes.size() <= kMembersMax);
  bytes->push_back(static_cast<char>(nodes.size()));
  for (NodeId node : nodes) {
    for (std::size_t i = 0; i < kNodeIdBytes; ++i) {
      bytes->push_back(static_cast<char>((node.value >> (8 * i)) & 0xff));
    }
  }
}

bool TakeByte(std::string_view* bytes, std::uint8_t* byte) {
  if (bytes->empty()) return false;
  *byte = static_cast<std::uint8_t>(bytes->front());
  bytes->remove_prefix(1);
  return true;
}

bool TakeNodes(std::string_view* bytes, Nodes* nodes) {
  std::uint8_t count = 0;
  if (!TakeByte(bytes, &count)) return false;
  if (count > kMembersMax || bytes->size() < count * kNodeIdBytes) return false;
  for (std::size_t n = 0; n < count; ++n) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kNodeIdBytes; ++i) {
      value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>((*bytes)[i])) << (8 * i);
    }
    nodes->push_back(NodeId{value});
    bytes->remove_prefix(kNodeIdBytes);
  }
  return true;
}

std::optional<ConfState> TakeConfState(std::string_view* bytes) {
  std::uint8_t version = 0;
  std::uint8_t auto_leave = 0;
  if (!TakeByte(bytes, &version) || version != kFormatVersion) return std::nullopt;
  if (!TakeByte(bytes, &auto_leave) || auto_leave > 1) return std::nullopt;
  ConfState conf;
  conf.auto_leave = auto_leave == 1;
  for (Nodes* nodes : {&conf.voters, &conf.voters_outgoing, &conf.learners, &conf.learners_next}) {
    if (!TakeNodes(bytes, nodes)) return std::nullopt;
  }
  if (!IsValid(conf)) return std::nullopt;
  return conf;
}

}  // namespace

bool IsJoint(const ConfState& conf) { return !conf.voters_outgoing.empty(); }

bool IsVoter(const ConfState& conf, NodeId node) {
  return Contains(conf.voters, node) || Contains(conf.voters_outgoing, node);
}

bool IsLearner(const ConfState& conf, NodeId node) { return Contains(conf.learners, node); }

bool IsMember(const ConfState& conf, NodeId node) {
  return IsVoter(conf, node) || IsLearner(conf, node);
}

bool IsValid(const ConfState& conf) {
  if (conf.voters.empty()) return false;
  for (const Nodes* nodes :
       {&conf.voters, &conf.voters_outgoing, &conf.learners, &conf.learners_next}) {
    if (!IsSortedSet(*nodes)) return false;
  }
  if (!AreDisjoint(conf.learners, conf.voters)) return false;
  if (!AreDisjoint(conf.learners, conf.voters_outgoing)) return false;
  if (!AreDisjoint(conf.learners_next, conf.voters)) return false;
  if (!IsSubset(conf.learners_next, conf.voters_outgoing)) return false;
  return IsJoint(conf) || !conf.auto_leave;
}

bool IsValidSuccessor(const ConfState& current, const ConfState& next) {
  if (!IsValid(next) || next == current) return false;
  if (IsJoint(current)) return next == LeaveJoint(current);
  if (IsJoint(next)) return next.voters_outgoing == current.voters;
  Nodes changed;
  std::set_symmetric_difference(current.voters.begin(), current.voters.end(), next.voters.begin(),
                                next.voters.end(), std::back_inserter(changed));
  return changed.size() <= 1;
}

ConfState EnterJoint(const ConfState& current, std::vector<NodeId> voters,
                     const std::vector<NodeId>& learners, bool auto_leave) {
  STELE_CHECK(!IsJoint(current));
  ConfState joint;
  joint.voters = std::move(voters);
  joint.voters_outgoing = current.voters;
  joint.auto_leave = auto_leave;
  for (NodeId learner : learners) {
    Nodes& list = Contains(current.voters, learner) ? joint.learners_next : joint.learners;
    list.push_back(learner);
  }
  return joint;
}

ConfState LeaveJoint(const ConfState& current) {
  STELE_CHECK(IsJoint(current));
  ConfState conf;
  conf.voters = current.voters;
  std::merge(current.learners.begin(), current.learners.end(), current.learners_next.begin(),
             current.learners_next.end(), std::back_inserter(conf.learners));
  return conf;
}

std::string EncodeConfState(const ConfState& conf, std::string_view context) {
  std::string bytes;
  bytes.push_back(kFormatVersion);
  bytes.push_back(conf.auto_leave ? 1 : 0);
  AppendNodes(conf.voters, &bytes);
  AppendNodes(conf.voters_outgoing, &bytes);
  AppendNodes(conf.learners, &bytes);
  AppendNodes(conf.learners_next, &bytes);
  bytes += context;
  return bytes;
}

std::optional<ConfState> DecodeConfState(std::string_view bytes) { return TakeConfState(&bytes); }

std::optional<std::string_view> DecodeConfContext(std::string_view bytes) {
  if (!TakeConfState(&bytes)) return std::nullopt;
  return bytes;
}

}  // namespace stele::raft
