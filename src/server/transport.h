// The door to the other members. Best effort: a message that cannot be sent now is dropped, and the
// core sends what is needed again.
#pragma once

#include <vector>

#include "src/raft/message.h"

namespace stele::server {

class Transport {
 public:
  virtual ~Transport() = default;
  // Returns at once. Order to one peer is kept while its connection lives. An InstallSnapshot
  // message starts a transfer of this node's newest state; its outcome comes back to the RaftLoop.
  virtual void Send(std::vector<raft::Message> messages) = 0;
};

}  // namespace stele::server
