#include "src/server/peer/peer_gate.h"

#include <utility>

#include "src/server/api/errors.h"

namespace stele::server {

absl::Status PeerGate::Admit(raft::NodeId from, const std::shared_ptr<Call>& call) {
  const std::lock_guard lock(mutex_);
  if (removed_.contains(from)) return MemberRemovedError();
  std::erase_if(admitted_, [](const auto& entry) {
    const std::shared_ptr<Call> held = entry.second.lock();
    return held == nullptr || held->ended();
  });
  admitted_.emplace(from, call);
  return absl::OkStatus();
}

void PeerGate::Expel(const std::vector<std::uint64_t>& removed) {
  std::vector<std::shared_ptr<Call>> expelled;
  {
    const std::lock_guard lock(mutex_);
    for (const std::uint64_t id : removed) {
      if (!removed_.insert({id}).second) continue;
      const auto [first, last] = admitted_.equal_range({id});
      for (auto entry = first; entry != last; ++entry) {
        if (std::shared_ptr<Call> call = entry->second.lock()) expelled.push_back(std::move(call));
      }
      admitted_.erase(first, last);
    }
  }
  for (const std::shared_ptr<Call>& call : expelled) call->Finish(MemberRemovedError());
}

}  // namespace stele::server
