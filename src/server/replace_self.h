// A member whose data is damaged asks the cluster to put another one, without a past, in its place
// (docs/repair.md).
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/boot.pb.h"
#include "src/server/membership/join_plan.h"

namespace stele::server {

// The member that takes the place of `record`'s: the same name and URLs, the id that its repair
// names; a voter as soon as it has caught up, if the old one was to vote.
stelepb::MemberRecord SuccessorOf(const stelepb::BootRecord& record);

// Asks the other members of `record`, each in turn and again and again, until the cluster has the
// successor and not the damaged member. Blocks; kCancelled when `give_up` says so. The result is
// where the successor begins. REQUIRES: record.has_repair().
absl::StatusOr<JoinPlan> ReplaceSelf(const stelepb::BootRecord& record,
                                     const std::function<bool()>& give_up);

}  // namespace stele::server
