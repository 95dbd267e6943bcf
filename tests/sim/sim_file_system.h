// A disk that keeps only what the weakest POSIX promises: bytes are safe after Sync, names after
// SyncDir. Until then each single change may be lost, kept or torn by a power cut, independently of
// all others. Deterministic: a run is a function of the seed and the calls.
//
// Faults come from a hook that sees every operation before it happens. Relative paths are taken
// from "/"; "/" exists. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/storage/file_system.h"

namespace stele::sim {

struct FileOperation {
  enum class Kind : std::uint8_t {
    kOpen,
    kRead,  // ReadAll, FileSize and List
    kWrite,
    kSync,
    kResize,  // Truncate and Allocate
    kCreateDir,
    kRename,
    kRemove,  // Remove and RemoveTree
    kSyncDir,
    kLock,
  };
  Kind kind = Kind::kOpen;
  std::string path;
  std::uint64_t number = 0;  // counts from 1 over the life of the file system
};

enum class DiskFault : std::uint8_t {
  kNone,
  kIoError,      // a failed Sync has lost the changes for good, yet the next one succeeds
  kNoSpace,      // nothing happened
  kShortWrite,   // half of the bytes, then no space
  kCrashBefore,  // the machine is down; nothing happened
  kCrashAfter,   // it happened (a write is still pending), then the machine went down
};

// What a power cut does with the changes that were not synced.
enum class PowerCut : std::uint8_t {
  kLoseAll,
  kKeepAll,
  kLoseSome,     // each change is kept or lost as a whole
  kTearSectors,  // each 512-byte sector of each change is kept or lost
  kTearWords,    // and sectors may be torn at any multiple of 8 bytes
};

class SimFileSystem final : public storage::FileSystem {
 public:
  explicit SimFileSystem(std::uint64_t seed);
  ~SimFileSystem() override;
  // Copies are independent: a sweep forks a disk instead of making it anew. Files that were opened
  // and locks that were taken stay with the original.
  SimFileSystem(const SimFileSystem& other);
  SimFileSystem& operator=(const SimFileSystem&) = delete;

  // From here on chance is that of another seed, so that forks of one disk can differ.
  void Reseed(std::uint64_t seed) { random_.seed(seed); }

  using FaultHook = std::function<DiskFault(const FileOperation&)>;
  // Called before every operation; empty for none.
  void SetFaultHook(FaultHook hook) { hook_ = std::move(hook); }
  std::uint64_t operation_count() const { return operation_count_; }

  // The power fails and returns. Open files and locks are gone.
  void CutPower(PowerCut kind);
  // The process dies, the machine lives: all changes stay, synced or not. Open files and locks are
  // gone.
  void KillProcess();
  // After a fault said kCrash... every operation fails until CutPower or KillProcess.
  bool is_down() const { return down_; }

  // Silent damage, durable at once. REQUIRES: the file exists.
  void FlipBit(const std::string& path, std::uint64_t bit);
  void Overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes);
  void Shorten(const std::string& path, std::uint64_t size);

  absl::StatusOr<std::unique_ptr<storage::WritableFile>> OpenForWrite(
      const std::string& path) override;
  absl::StatusOr<std::string> ReadAll(const std::string& path) override;
  absl::StatusOr<std::uint64_t> FileSize(const std::string& path) override;
  bool Exists(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& dir) override;
  absl::Status CreateDir(const std::string& dir) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status RemoveTree(const std::string& dir) override;
  absl::Status SyncDir(const std::string& dir) override;
  absl::StatusOr<std::unique_ptr<storage::FileLock>> Lock(const std::string& path) override;

 private:
  class OpenFile;
  class HeldLock;
  struct Session;
  using NodeNumber = std::uint64_t;
  using Names = std::map<std::string, NodeNumber>;

  // A change to a file that is not durable yet.
  struct DataChange {
    std::optional<std::uint64_t> resize;  // otherwise a write
    std::uint64_t offset = 0;
    std::string bytes;
  };
  // A change to a directory: names that go and names that come, together.
  struct NameChange {
    std::vector<std::string> removed;
    Names added;
  };
  // A file or a directory.
  struct Node {
    bool is_dir = false;
    std::string content;  // as reads see it
    std::string durable_content;
    std::vector<DataChange> pending;
    bool is_apart = false;  // the two differ, although nothing is pending: a sync has failed
    Names names;
    Names durable_names;
    std::vector<NameChange> pending_names;
  };

  static void Perform(const DataChange& change, std::string* content);
  static void Perform(const NameChange& change, Names* names);
  static void ForgetVolatile(Node* file);
  void PerformTorn(const DataChange& change, bool words, std::string* content);

  DiskFault Announce(FileOperation::Kind kind, const std::string& path, absl::Status* failure);
  absl::StatusOr<NodeNumber> Find(const std::string& path) const;
  absl::StatusOr<NodeNumber> FindDir(const std::string& path) const;
  absl::StatusOr<NodeNumber> FindFile(const std::string& path) const;
  NodeNumber MakeNode(bool is_dir);
  void Change(Node* file, DataChange change);
  void ChangeNames(Node* dir, NameChange change);
  void EndSession();
  void ForgetUnreachableNodes();
  bool Coin() { return (random_() & 1) != 0; }

  std::mt19937_64 random_;
  FaultHook hook_;
  std::uint64_t operation_count_ = 0;
  bool down_ = false;
  std::shared_ptr<Session> session_;  // what dies with the process
  std::map<NodeNumber, Node> nodes_;
  NodeNumber next_node_ = 0;
};

}  // namespace stele::sim
