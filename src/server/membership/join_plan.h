// What a member that joins a cluster needs to know before its first entry, from what it was told by
// flags and by the cluster. Pure.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "proto/command.pb.h"
#include "proto/peer.pb.h"
#include "src/raft/types.h"
#include "src/server/options.h"
#include "src/server/peer/identity.h"

namespace stele::server {

// The joining member begins where the founders began, with an empty log, and is brought up by the
// leader. It is no member in its own eyes until it has the entry that added it.
struct JoinPlan {
  PeerIdentity identity;
  raft::ConfState conf_state;                   // of the founders
  std::vector<stelepb::MemberRecord> founders;  // by id
  std::vector<PeerAddress> peers;               // the others as they are now
  std::vector<stelepb::MemberRecord> members;   // all as they are now
};

// Where `self`, a member of `cluster`, begins. Fails if the cluster does not say who founded it.
absl::StatusOr<JoinPlan> PlanJoinOf(const stelepb::MemberList& cluster, raft::NodeId self);

// Finds this member among those of the cluster by its peer URLs. An error is one line: what
// --initial-cluster says does not fit `cluster`, or the member has been started before and has lost
// its data.
absl::StatusOr<JoinPlan> MatchMembers(const Options& options, const stelepb::MemberList& cluster);

}  // namespace stele::server
