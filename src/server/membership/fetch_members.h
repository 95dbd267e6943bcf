// Asks a running cluster who belongs to it, before this member is part of it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/peer.pb.h"
#include "src/server/membership/join_plan.h"
#include "src/server/options.h"

namespace stele::server {

// Asks the peer ports at `host_ports` one after another until one answers; blocks, each for
// `timeout` at most. The error names the last failure.
absl::StatusOr<stelepb::MemberList> FetchMembers(const std::vector<std::string>& host_ports,
                                                 absl::Duration timeout);

// Asks the other members of --initial-cluster and matches the answer. The error is one line.
absl::StatusOr<JoinPlan> PlanJoin(const Options& options);

}  // namespace stele::server
