// May a member that starts take part? It asks the others what they remember of it, because its own
// disk may have been replaced by an older copy or by nothing, which cannot be seen from inside.
// Pure: answers and time come in, a verdict comes out. docs/repair.md has the argument.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/raft/types.h"
#include "src/server/clock.h"

namespace stele::server {

class Admission {
 public:
  struct Self {
    raft::NodeId id;
    std::uint64_t epoch = 0;  // of this start: greater than that of any earlier one
    raft::Index last_index;   // of the log
  };
  struct Answer {
    std::uint64_t known_epoch = 0;
    std::uint64_t acked_index = 0;
  };
  enum class Verdict {
    kWait,
    kAdmitted,
    kDamaged,  // the disk is older than what this member may have promised
  };

  // `voters` of the newest config in the log. Once a majority of them, this member counted, sees
  // nothing wrong, the rest is waited for until `patience` after `start` only.
  Admission(const Self& self, std::vector<raft::NodeId> voters, absl::Duration start,
            absl::Duration patience);

  // Whose answer is missing.
  std::vector<raft::NodeId> Missing() const;
  void OnAnswer(raft::NodeId from, const Answer& answer);
  Verdict Judge(absl::Duration now) const;
  // What is wrong, after kDamaged.
  const std::string& cause() const { return cause_; }

 private:
  const Self self_;
  const std::vector<raft::NodeId> voters_;
  const absl::Duration impatient_at_;
  std::set<raft::NodeId> answered_;
  std::string cause_;  // empty: nothing wrong so far
};

// Asks those whose answer is missing, again and again, until there is a verdict other than kWait or
// `give_up` says so. Blocks. `ask` may answer on any thread, also after this has returned.
using AskForAdmission =
    std::function<void(raft::NodeId, std::function<void(absl::StatusOr<Admission::Answer>)>)>;
Admission::Verdict SeekAdmission(Admission* admission, const Clock& clock,
                                 const AskForAdmission& ask, const std::function<bool()>& give_up);

}  // namespace stele::server
