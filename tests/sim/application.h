// What a member's Raft loop replicates into: the store and whoever serves from it. An application
// belongs to the machine, so it holds what is on the machine's disk too; Start and Stop bound the
// lives of the process. The raft tier has a toy (apply_room.h), the full tier the daemon's rooms.
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <vector>

#include "src/raft/types.h"
#include "src/server/proposals.h"
#include "src/server/raft_loop.h"
#include "src/server/reads.h"
#include "src/storage/log_store.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::sim {

// A complete copy of a store, on its way to another member.
struct SnapshotCargo {
  raft::EntryId last;
  std::any content;  // the application's affair
};

// Thrown where the daemon would exit.
struct ProcessDeath {};

class Application {
 public:
  // The rest of the process, for one life.
  struct Process {
    server::Proposals* proposals = nullptr;
    server::Reads* reads = nullptr;
    std::function<void(server::RaftInput)> post;
    std::function<void()> wake_apply;  // RunApply has something to do
    // A config was applied; the newest one when a pass brought several.
    std::function<void(const raft::ConfState&)> conf_applied;
  };

  virtual ~Application() = default;

  // Before Start: makes what the disk holds fit the log, as the daemon does, because the log may
  // have restarted behind a snapshot without the store knowing. False if it cannot fit.
  virtual bool Recover(const storage::LogStore& log) = 0;
  virtual void Start(Process process) = 0;
  // The process is gone; only what is on the disk remains. Also called after a failed Recover.
  virtual void Stop() = 0;

  // REQUIRES for all below: between Start and Stop.
  virtual raft::EntryId applied() const = 0;
  virtual std::shared_ptr<const storage::ReadView> View() = 0;
  virtual void Post(server::ApplyWork work) = 0;
  // Applies what was posted. Returns whether there is more to do.
  virtual bool RunApply() = 0;
  virtual void OnRoleChange(const server::RaftLoop::RoleChange& change) = 0;

  // `done` gets a copy of the newest state, perhaps later, or never if the process dies.
  virtual void MakeSnapshot(std::function<void(SnapshotCargo)> done) = 0;
  // A snapshot has arrived. It is durable when this returns true, and put in force when apply is
  // told; false: the disk refused it.
  virtual bool Receive(SnapshotCargo cargo) = 0;
};

}  // namespace stele::sim
