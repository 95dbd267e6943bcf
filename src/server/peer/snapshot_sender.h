// Sends this node's newest state to a member that is too far behind for entries: a checkpoint of
// the store, file by file, with a bound on what is under way. The outcome goes to the core.
//
// Everything happens on the peer loop's thread, except the making of the checkpoint (apply loop).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/raft/types.h"
#include "src/server/front/event_loop.h"
#include "src/server/peer/identity.h"
#include "src/server/peer/peer_link.h"
#include "src/storage/file_system.h"

namespace stele::server {

class SnapshotSender {
 public:
  struct Made {
    raft::SnapshotMeta meta;
    raft::Term term;  // in which this node leads
  };
  struct Surroundings {
    std::function<PeerLink*(raft::NodeId)> link;
    // Copies the store to the new directory `dir`; `done` from any thread.
    std::function<void(std::string dir, absl::AnyInvocable<void(absl::StatusOr<Made>)> done)> make;
    std::function<void(raft::NodeId, bool installed)> report;
  };

  // `store_dir`: where checkpoints are made; what a crash leaves there goes at the next start.
  SnapshotSender(EventLoop* loop, storage::FileSystem* fs, std::string store_dir,
                 const PeerIdentity& identity, Surroundings surroundings);
  ~SnapshotSender();

  // On the loop's thread. Does nothing while a transfer to this member is under way.
  void Send(raft::NodeId peer);

 private:
  class Transfer;

  void OnMade(raft::NodeId peer, absl::StatusOr<Made> made);
  void End(raft::NodeId peer, const absl::Status& status);

  EventLoop* const loop_;
  storage::FileSystem* const fs_;
  const std::string store_dir_;
  const PeerIdentity identity_;
  const Surroundings surroundings_;
  std::uint64_t next_number_ = 1;
  std::map<raft::NodeId, std::unique_ptr<Transfer>> transfers_;
};

}  // namespace stele::server
