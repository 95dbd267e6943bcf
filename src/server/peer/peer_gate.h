// Which members may talk to this one: those that were removed may not, neither now nor later, and
// hear that they were removed.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "src/raft/types.h"
#include "src/server/api/call.h"

namespace stele::server {

class PeerGate {
 public:
  // An error is the answer to the call. Otherwise the call is ended when its caller is expelled.
  absl::Status Admit(raft::NodeId from, const std::shared_ptr<Call>& call);
  // `removed`: all ids that were ever removed.
  void Expel(const std::vector<std::uint64_t>& removed);

 private:
  std::mutex mutex_;
  std::set<raft::NodeId> removed_;
  std::multimap<raft::NodeId, std::weak_ptr<Call>> admitted_;
};

}  // namespace stele::server
