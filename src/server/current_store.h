// The store that is in force, and its replacement when a snapshot from the leader is installed.
//
//   <dir>/CURRENT      names the directory in force, one line
//   <dir>/<name>/      a store
//
// Switching writes CURRENT beside itself, syncs, renames and syncs the directory, so that a crash
// leaves either store in force, whole. Directories that CURRENT does not name are removed at Open.
//
// View() may be called by any thread, as may what says so; everything else belongs to the apply
// thread. A view keeps the store that it was taken from open.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/storage/engine/engine.h"
#include "src/storage/file_system.h"
#include "src/storage/log_store.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

class CurrentStore {
 public:
  using OpenEngine =
      std::function<absl::StatusOr<std::unique_ptr<storage::Engine>>(const std::string& dir)>;

  // Opens what CURRENT names, or makes an empty store. `keep`: a directory that a pending install
  // still needs, not removed; may be empty.
  static absl::StatusOr<std::unique_ptr<CurrentStore>> Open(storage::FileSystem* fs,
                                                            const std::string& dir,
                                                            const std::string& keep,
                                                            OpenEngine open_engine);

  storage::StateMachine& state_machine() { return *opened_->state_machine; }
  storage::Engine& engine() { return *opened_->engine; }
  std::shared_ptr<const storage::ReadView> View();
  // See Engine. Any thread.
  absl::Status ReclaimSpace(std::atomic<bool>* given_up);
  // Of the store in force. Any thread.
  std::vector<storage::StoredFile> Files();

  // Puts the complete and durable store in <dir>/<name> in force and removes the former.
  absl::Status SwitchTo(const std::string& name);

  // Removes received stores that hold nothing new and are not in force: the core refused them, or
  // entries overtook them. Any thread.
  void RemoveObsolete();

  std::string PathOf(const std::string& name) const { return dir_ + "/" + name; }

 private:
  struct Opened {
    std::string name;
    std::unique_ptr<storage::Engine> engine;
    std::unique_ptr<storage::StateMachine> state_machine;  // after engine: destroyed first
  };

  CurrentStore(storage::FileSystem* fs, std::string dir, OpenEngine open_engine);
  absl::StatusOr<std::shared_ptr<Opened>> OpenNamed(const std::string& name);
  absl::Status PointAt(const std::string& name);
  std::shared_ptr<Opened> Hold();  // the store in force, for any thread

  storage::FileSystem* const fs_;
  const std::string dir_;
  const OpenEngine open_engine_;
  std::mutex removal_mutex_;  // two threads must not remove the same directory
  std::mutex mutex_;          // guards the pointer against View(); written by the apply thread only
  std::shared_ptr<Opened> opened_;
};

// Where a snapshot for this index lives below the store's directory, complete or being received.
std::string SnapshotStoreName(raft::Index index);

// At a start: finishes an install that the log knows of and a crash kept from the store.
absl::Status FinishInstall(const storage::LogStore& log, CurrentStore* store);

}  // namespace stele::server
