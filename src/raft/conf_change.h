// Configs as values: which are sound, which may follow which, and how a log entry carries one.
// Pure functions. Raft thesis chapter 4; joint configs: Raft paper section 6.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/raft/types.h"

namespace stele::raft {

inline constexpr std::size_t kMembersMax = 64;  // in each of a config's lists

// Both halves of the voters have a say.
bool IsJoint(const ConfState& conf);
bool IsVoter(const ConfState& conf, NodeId node);    // in either half
bool IsLearner(const ConfState& conf, NodeId node);  // now, not after leaving a joint config
bool IsMember(const ConfState& conf, NodeId node);

// Sorted lists without repetition; at least one voter; learners are no voters; `learners_next` are
// outgoing voters that do not stay voters; a simple config has neither learners_next nor
// auto_leave.
bool IsValid(const ConfState& conf);

// Whether `next` may directly follow `current` so that every two majorities of the two meet: at
// most one voter differs, or `next` is joint with the current voters outgoing, or `next` leaves a
// joint `current`. Both must be valid. A config is no successor of itself.
bool IsValidSuccessor(const ConfState& current, const ConfState& next);

// The joint config between `current` and one with these voters and learners.
// REQUIRES: current is not joint; the lists are sorted.
ConfState EnterJoint(const ConfState& current, std::vector<NodeId> voters,
                     const std::vector<NodeId>& learners, bool auto_leave);

// The config in which a joint one ends. REQUIRES: IsJoint(current).
ConfState LeaveJoint(const ConfState& current);

// An entry's data: the config, and behind it a context that means something to the applier only,
// such as the names and URLs of a new member. Decoding returns nothing for bytes that encoding a
// valid config cannot yield.
std::string EncodeConfState(const ConfState& conf, std::string_view context = {});
std::optional<ConfState> DecodeConfState(std::string_view bytes);
// Points into `bytes`.
std::optional<std::string_view> DecodeConfContext(std::string_view bytes);

}  // namespace stele::raft
