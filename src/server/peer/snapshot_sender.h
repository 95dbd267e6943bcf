// Sends this node's newest state to a member that is too far behind for entries: a checkpoint of
// the store, file by file, with bounds on what is under way and on the pace. The outcome goes to
// the core. One transfer to a member at a time.
//
// Everything happens on the peer loop's thread, except the making of the checkpoint (apply loop)
// and the reading and removing of files (`work`): neither heartbeats nor appends wait for the disk.
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
#include "src/server/task_pump.h"
#include "src/storage/file_system.h"

namespace stele::server {

class SnapshotSender {
 public:
  struct Made {
    raft::SnapshotMeta meta;
    raft::Term term;  // in which this node leads
  };
  struct Options {
    std::string store_dir;               // checkpoints are made here; the next start removes them
    std::uint64_t bytes_per_second = 0;  // to each member; 0: no bound
  };
  struct Surroundings {
    std::function<PeerLink*(raft::NodeId)> link;
    // Copies the store to the new directory `dir`; `done` from any thread.
    std::function<void(std::string dir, absl::AnyInvocable<void(absl::StatusOr<Made>)> done)> make;
    // From here on the log has to keep what follows `last`, until the report and some time longer.
    std::function<void(raft::NodeId, raft::EntryId last)> sending;
    std::function<void(raft::NodeId, bool installed)> report;
  };

  // All pointers outlive the sender, whose owner stops the loop and `work` first.
  SnapshotSender(Options options, EventLoop* loop, TaskPump* work, storage::FileSystem* fs,
                 const PeerIdentity& identity, Surroundings surroundings);
  ~SnapshotSender();

  // On the loop's thread. Does nothing while a transfer to this member is under way.
  void Send(raft::NodeId peer);

 private:
  class Transfer;
  struct Chunk;
  // A transfer's number tells it from an earlier one to the same member.
  Transfer* Find(raft::NodeId peer, std::uint64_t number);
  // Runs `job` on the work thread and then `done` on the loop, if the transfer is still there.
  template <class Result>
  void Work(const Transfer& transfer, std::function<Result()> job,
            std::function<void(Transfer*, Result)> done);
  void OnMade(raft::NodeId peer, std::uint64_t number, const absl::StatusOr<Made>& made);
  void End(raft::NodeId peer, std::uint64_t number, const absl::Status& status);

  const Options options_;
  EventLoop* const loop_;
  TaskPump* const work_;
  storage::FileSystem* const fs_;
  const PeerIdentity identity_;
  const Surroundings surroundings_;
  std::uint64_t next_number_ = 1;
  std::map<raft::NodeId, std::unique_ptr<Transfer>> transfers_;
};

}  // namespace stele::server
