// The quota on the size of the store: what would exceed it is refused before it is proposed, and
// the member that sees it raises the alarm NOSPACE, through the log, for all.
//
// The size is this member's own and a moment old, so members need not agree; what they agree on is
// the alarm, which stays until somebody clears it.
#pragma once

#include <cstdint>
#include <memory>

#include "src/server/api/call.h"
#include "src/server/api/ports.h"

namespace stele::server {

class Quota {
 public:
  // `bytes` < 0: no quota. Everything outlives this.
  Quota(std::int64_t bytes, const NodeFacts* facts, Proposer* proposer, Reader* reader)
      : bytes_(bytes), facts_(facts), proposer_(proposer), reader_(reader) {}

  // Whether the store has room for a command of this cost (command_cost.h). Any thread.
  bool HasRoomFor(std::int64_t cost) const;
  // Ends the call with "database space exceeded", once the alarm is raised.
  void Refuse(std::shared_ptr<Call> call) const;

 private:
  const std::int64_t bytes_;
  const NodeFacts* const facts_;
  Proposer* const proposer_;
  Reader* const reader_;
};

}  // namespace stele::server
