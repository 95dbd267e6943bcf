// Receives a snapshot of the leader's store, checks it, makes it durable, and only then tells the
// core. A transfer that breaks off is dropped whole; the leader starts another.
//
// The files are written on the loop of the peer port. One transfer at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "proto/peer.pb.h"
#include "src/raft/message.h"
#include "src/server/api/call.h"
#include "src/server/peer/identity.h"
#include "src/storage/file_system.h"

namespace stele::server {

class SnapshotReceiver {
 public:
  // `store_dir`: where CurrentStore looks for stores. `received` gets the message for the core once
  // the store for it is complete in SnapshotStoreName(index).
  SnapshotReceiver(storage::FileSystem* fs, std::string store_dir, const PeerIdentity& identity,
                   std::function<void(raft::Message)> received);

  std::unique_ptr<CallHandler> Receive(std::shared_ptr<Call> call);

 private:
  friend class IncomingSnapshot;

  storage::FileSystem* const fs_;
  const std::string store_dir_;
  const PeerIdentity identity_;
  const std::function<void(raft::Message)> received_;
  bool receiving_ = false;  // loop's thread
};

}  // namespace stele::server
