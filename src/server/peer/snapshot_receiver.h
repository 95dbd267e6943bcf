// Receives a snapshot of the leader's store and tells the core once it is complete and durable. A
// transfer that breaks off is dropped whole; the leader starts another. One transfer at a time.
//
// The loop of the peer port only hands chunks over: files are written and synced by `work`.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "src/raft/message.h"
#include "src/server/api/call.h"
#include "src/server/peer/identity.h"
#include "src/server/task_pump.h"
#include "src/storage/file_system.h"

namespace stele::server {

class SnapshotReceiver {
 public:
  struct Outputs {
    // The message for the core, once the store for it is complete in SnapshotStoreName(index).
    std::function<void(raft::Message)> received;
    // Before a transfer begins: removes stores that earlier ones left and nobody needs.
    std::function<void()> clean_up;
  };

  // `store_dir`: where CurrentStore looks for stores. All pointers outlive the receiver and `work`.
  SnapshotReceiver(storage::FileSystem* fs, std::string store_dir, const PeerIdentity& identity,
                   TaskPump* work, Outputs outputs);

  std::unique_ptr<CallHandler> Receive(std::shared_ptr<Call> call);

 private:
  friend class IncomingSnapshot;
  friend struct Reception;

  storage::FileSystem* const fs_;
  const std::string store_dir_;
  const PeerIdentity identity_;
  TaskPump* const work_;
  const Outputs outputs_;
  std::atomic<bool> receiving_ = false;
};

}  // namespace stele::server
