// When to compact without being asked: etcd's two modes. Pure: time and revisions come in, a
// revision to compact comes out.
//
//   periodic  keeps the history of the last period: notes the revision ten times a period (an hour
//             at most), and after a first whole period compacts what was current a period ago,
//             every period or every hour, whichever is shorter
//   revision  keeps the last so many revisions, and looks every five minutes
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace stele::server {

class AutoCompaction {
 public:
  virtual ~AutoCompaction() = default;

  // How long after the start, and after every Tick, the next Tick is due.
  virtual absl::Duration Interval() const = 0;
  // Returns the revision to compact, if it is time and this member leads. Every member keeps
  // ticking, so that a new leader knows the past.
  virtual std::optional<std::int64_t> Tick(absl::Duration now, std::int64_t current_revision,
                                           bool is_leader) = 0;
  // What Tick asked for is done, or somebody had compacted that far already. Not called after a
  // failure: then a later Tick asks again.
  virtual void OnCompacted(absl::Duration now, std::int64_t revision) = 0;
};

struct AutoCompactionPolicy {
  enum class Mode : std::uint8_t { kOff, kPeriodic, kRevision } mode = Mode::kOff;
  absl::Duration period;
  std::int64_t revisions = 0;
};

// What --auto-compaction-mode and --auto-compaction-retention say: a number is hours or revisions,
// by mode; "0" is off; anything else is a duration such as 90m. The error names the flag.
absl::StatusOr<AutoCompactionPolicy> ParseAutoCompaction(std::string_view mode,
                                                         std::string_view retention);

// Null for a policy that is off. `now` and `current_revision` as of the start.
std::unique_ptr<AutoCompaction> MakeAutoCompaction(const AutoCompactionPolicy& policy,
                                                   absl::Duration now,
                                                   std::int64_t current_revision);

}  // namespace stele::server
