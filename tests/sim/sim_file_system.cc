#include "tests/sim/sim_file_system.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"

namespace stele::sim {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kWordBytes = 8;

struct SplitPath {
  std::string dir;
  std::string name;
};

SplitPath Split(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

absl::Status DownError() { return absl::UnavailableError("the simulated machine is down"); }

absl::Status NotFound(const std::string& path) { return absl::NotFoundError("no " + path); }

}  // namespace

// Open files and locks hold their session; once it has ended they are of no use.
struct SimFileSystem::Session {
  SimFileSystem* fs = nullptr;
  bool ended = false;
  std::set<std::string> locks;
};

class SimFileSystem::OpenFile final : public storage::WritableFile {
 public:
  OpenFile(std::shared_ptr<Session> session, NodeNumber node, std::string path)
      : session_(std::move(session)), node_(node), path_(std::move(path)) {}

  absl::Status WriteAt(std::uint64_t offset, std::span<const std::byte> bytes) override {
    DataChange change;
    change.offset = offset;
    change.bytes.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    absl::Status failure = absl::OkStatus();
    const DiskFault fault = Announce(FileOperation::Kind::kWrite, &failure);
    const bool half = fault == DiskFault::kShortWrite || fault == DiskFault::kIoError;
    if (half) change.bytes.resize(change.bytes.size() / 2);
    if (failure.ok() || half || fault == DiskFault::kCrashAfter) {
      session_->fs->Change(&node(), std::move(change));
    }
    return failure;
  }

  absl::Status Sync() override {
    absl::Status failure = absl::OkStatus();
    const DiskFault fault = Announce(FileOperation::Kind::kSync, &failure);
    if (failure.ok() || fault == DiskFault::kCrashAfter) {
      for (const DataChange& change : node().pending) Perform(change, &node().durable_content);
      node().pending.clear();
    } else if (fault == DiskFault::kIoError) {
      // The kernel tried: some of it may have reached the disk. The rest is marked clean, so that
      // reads still show it and no later sync writes it.
      for (const DataChange& change : node().pending) {
        if (session_->fs->Coin()) Perform(change, &node().durable_content);
      }
      node().is_apart |= !node().pending.empty();
      node().pending.clear();
    }
    return failure;
  }

  absl::Status Truncate(std::uint64_t size) override { return Resize(size, /*may_shrink=*/true); }
  absl::Status Allocate(std::uint64_t size) override { return Resize(size, /*may_shrink=*/false); }

 private:
  Node& node() { return session_->fs->nodes_.at(node_); }

  DiskFault Announce(FileOperation::Kind kind, absl::Status* failure) {
    if (session_->ended) {
      *failure = DownError();
      return DiskFault::kCrashBefore;
    }
    return session_->fs->Announce(kind, path_, failure);
  }

  absl::Status Resize(std::uint64_t size, bool may_shrink) {
    absl::Status failure = absl::OkStatus();
    const DiskFault fault = Announce(FileOperation::Kind::kResize, &failure);
    if (failure.ok() || fault == DiskFault::kCrashAfter) {
      if (may_shrink || node().content.size() < size) {
        DataChange change;
        change.resize = size;
        session_->fs->Change(&node(), std::move(change));
      }
    }
    return failure;
  }

  const std::shared_ptr<Session> session_;
  const NodeNumber node_;
  const std::string path_;
};

class SimFileSystem::HeldLock final : public storage::FileLock {
 public:
  HeldLock(std::shared_ptr<Session> session, std::string path)
      : session_(std::move(session)), path_(std::move(path)) {}
  ~HeldLock() override { session_->locks.erase(path_); }
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;

 private:
  const std::shared_ptr<Session> session_;
  const std::string path_;
};

SimFileSystem::SimFileSystem(std::uint64_t seed) : random_(seed) {
  EndSession();
  MakeNode(/*is_dir=*/true);  // node 0 is "/"
}

SimFileSystem::SimFileSystem(const SimFileSystem& other)
    : random_(other.random_),
      operation_count_(other.operation_count_),
      down_(other.down_),
      nodes_(other.nodes_),
      next_node_(other.next_node_) {
  EndSession();
}

SimFileSystem::~SimFileSystem() { session_->ended = true; }

void SimFileSystem::EndSession() {
  if (session_) session_->ended = true;
  session_ = std::make_shared<Session>();
  session_->fs = this;
}

// Removed files and directories; nothing can reach them any more, since no file is open.
void SimFileSystem::ForgetUnreachableNodes() {
  std::set<NodeNumber> reachable = {0};
  std::vector<NodeNumber> unvisited = {0};
  while (!unvisited.empty()) {
    const Node& node = nodes_.at(unvisited.back());
    unvisited.pop_back();
    STELE_CHECK(node.pending_names.empty());
    for (const auto& [name, child] : node.names) {
      if (reachable.insert(child).second) unvisited.push_back(child);
    }
  }
  std::erase_if(nodes_, [&](const auto& node) { return !reachable.contains(node.first); });
}

void SimFileSystem::Perform(const DataChange& change, std::string* content) {
  if (change.resize) {
    content->resize(*change.resize);
    return;
  }
  if (content->size() < change.offset + change.bytes.size()) {
    content->resize(change.offset + change.bytes.size());
  }
  std::memcpy(content->data() + change.offset, change.bytes.data(), change.bytes.size());
}

void SimFileSystem::Perform(const NameChange& change, Names* names) {
  for (const std::string& name : change.removed) names->erase(name);
  for (const auto& [name, node] : change.added) (*names)[name] = node;
}

// Keeps some of the pieces. Pieces end at multiples of the unit within the file, not the write.
void SimFileSystem::PerformTorn(const DataChange& change, bool words, std::string* content) {
  if (change.resize) {
    if (Coin()) Perform(change, content);
    return;
  }
  std::uint64_t offset = change.offset;
  const std::uint64_t end = offset + change.bytes.size();
  while (offset < end) {
    const bool small_pieces = words && random_() % 4 == 0;
    const std::uint64_t unit = small_pieces ? kWordBytes : kSectorBytes;
    const std::uint64_t sector_end = std::min(end, (offset / kSectorBytes + 1) * kSectorBytes);
    while (offset < sector_end) {
      const std::uint64_t piece_end = std::min(sector_end, (offset / unit + 1) * unit);
      if (Coin()) {
        DataChange piece;
        piece.offset = offset;
        piece.bytes = change.bytes.substr(offset - change.offset, piece_end - offset);
        Perform(piece, content);
      }
      offset = piece_end;
    }
  }
}

// Reads show what is durable again. Crashes are many and files are large, so that only what was
// written since the last sync is copied where that is known.
void SimFileSystem::ForgetVolatile(Node* file) {
  const auto is_resize = [](const DataChange& change) { return change.resize.has_value(); };
  if (file->is_apart || file->content.size() != file->durable_content.size() ||
      std::ranges::any_of(file->pending, is_resize)) {
    file->content = file->durable_content;
  } else {
    for (const DataChange& change : file->pending) {
      std::memcpy(file->content.data() + change.offset,
                  file->durable_content.data() + change.offset, change.bytes.size());
    }
  }
  file->is_apart = false;
  file->pending.clear();
}

void SimFileSystem::CutPower(PowerCut kind) {
  for (auto& [number, node] : nodes_) {
    for (const DataChange& change : node.pending) {
      if (kind == PowerCut::kKeepAll) Perform(change, &node.durable_content);
      if (kind == PowerCut::kLoseSome && Coin()) Perform(change, &node.durable_content);
      if (kind == PowerCut::kTearSectors) PerformTorn(change, false, &node.durable_content);
      if (kind == PowerCut::kTearWords) PerformTorn(change, true, &node.durable_content);
    }
    for (const NameChange& change : node.pending_names) {
      if (kind == PowerCut::kLoseAll) break;
      if (kind == PowerCut::kKeepAll || Coin()) Perform(change, &node.durable_names);
    }
    ForgetVolatile(&node);
    if (node.pending_names.empty()) continue;
    node.pending_names.clear();
    node.names = node.durable_names;
  }
  down_ = false;
  EndSession();
  ForgetUnreachableNodes();
}

void SimFileSystem::KillProcess() {
  down_ = false;
  EndSession();
}

void SimFileSystem::FlipBit(const std::string& path, std::uint64_t bit) {
  Node& file = nodes_.at(FindFile(path).value());
  const auto mask = static_cast<char>(1 << (bit % 8));
  for (std::string* content : {&file.content, &file.durable_content}) {
    content->at(bit / 8) = static_cast<char>(content->at(bit / 8) ^ mask);
  }
}

void SimFileSystem::Overwrite(const std::string& path, std::uint64_t offset,
                              std::string_view bytes) {
  Node& file = nodes_.at(FindFile(path).value());
  for (std::string* content : {&file.content, &file.durable_content}) {
    content->replace(offset, bytes.size(), bytes);
  }
}

void SimFileSystem::Shorten(const std::string& path, std::uint64_t size) {
  Node& file = nodes_.at(FindFile(path).value());
  file.content.resize(size);
  file.durable_content.resize(size);
}

// Counts the operation and asks the hook. `failure` tells the caller what to return; the fault,
// what to do in spite of it.
DiskFault SimFileSystem::Announce(FileOperation::Kind kind, const std::string& path,
                                  absl::Status* failure) {
  if (down_) {
    *failure = DownError();
    return DiskFault::kCrashBefore;
  }
  ++operation_count_;
  const DiskFault fault =
      hook_ ? hook_({.kind = kind, .path = path, .number = operation_count_}) : DiskFault::kNone;
  switch (fault) {
    case DiskFault::kNone:
      break;
    case DiskFault::kIoError:
      *failure = absl::DataLossError("simulated input/output error on " + path);
      break;
    case DiskFault::kNoSpace:
    case DiskFault::kShortWrite:
      *failure = absl::ResourceExhaustedError("simulated lack of space for " + path);
      break;
    case DiskFault::kCrashBefore:
    case DiskFault::kCrashAfter:
      down_ = true;
      *failure = DownError();
      break;
  }
  return fault;
}

absl::StatusOr<SimFileSystem::NodeNumber> SimFileSystem::Find(const std::string& path) const {
  NodeNumber number = 0;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty() || name == ".") continue;
    const Node& dir = nodes_.at(number);
    const auto found = dir.names.find(name);
    if (!dir.is_dir || found == dir.names.end()) return NotFound(path);
    number = found->second;
  }
  return number;
}

absl::StatusOr<SimFileSystem::NodeNumber> SimFileSystem::FindDir(const std::string& path) const {
  absl::StatusOr<NodeNumber> number = Find(path);
  if (number.ok() && !nodes_.at(*number).is_dir) {
    return absl::FailedPreconditionError(path + " is not a directory");
  }
  return number;
}

absl::StatusOr<SimFileSystem::NodeNumber> SimFileSystem::FindFile(const std::string& path) const {
  absl::StatusOr<NodeNumber> number = Find(path);
  if (number.ok() && nodes_.at(*number).is_dir) {
    return absl::FailedPreconditionError(path + " is a directory");
  }
  return number;
}

SimFileSystem::NodeNumber SimFileSystem::MakeNode(bool is_dir) {
  const NodeNumber number = next_node_++;
  nodes_[number].is_dir = is_dir;
  return number;
}

void SimFileSystem::Change(Node* file, DataChange change) {
  Perform(change, &file->content);
  file->pending.push_back(std::move(change));
}

void SimFileSystem::ChangeNames(Node* dir, NameChange change) {
  Perform(change, &dir->names);
  dir->pending_names.push_back(std::move(change));
}

absl::StatusOr<std::unique_ptr<storage::WritableFile>> SimFileSystem::OpenForWrite(
    const std::string& path) {
  absl::Status failure = absl::OkStatus();
  const DiskFault fault = Announce(FileOperation::Kind::kOpen, path, &failure);
  if (!failure.ok() && fault != DiskFault::kCrashAfter) return failure;
  absl::StatusOr<NodeNumber> file = FindFile(path);
  if (absl::IsNotFound(file.status())) {
    const SplitPath split = Split(path);
    const absl::StatusOr<NodeNumber> dir = FindDir(split.dir);
    if (!dir.ok()) return dir.status();
    file = MakeNode(/*is_dir=*/false);
    ChangeNames(&nodes_.at(*dir), {.removed = {}, .added = {{split.name, *file}}});
  }
  if (!failure.ok()) return failure;
  if (!file.ok()) return file.status();
  return std::make_unique<OpenFile>(session_, *file, path);
}

absl::StatusOr<std::string> SimFileSystem::ReadAll(const std::string& path) {
  absl::Status failure = absl::OkStatus();
  Announce(FileOperation::Kind::kRead, path, &failure);
  if (!failure.ok()) return failure;
  const absl::StatusOr<NodeNumber> file = FindFile(path);
  if (!file.ok()) return file.status();
  return nodes_.at(*file).content;
}

absl::StatusOr<std::uint64_t> SimFileSystem::FileSize(const std::string& path) {
  absl::Status failure = absl::OkStatus();
  Announce(FileOperation::Kind::kRead, path, &failure);
  if (!failure.ok()) return failure;
  const absl::StatusOr<NodeNumber> file = FindFile(path);
  if (!file.ok()) return file.status();
  return nodes_.at(*file).content.size();
}

bool SimFileSystem::Exists(const std::string& path) { return Find(path).ok(); }

absl::StatusOr<std::vector<std::string>> SimFileSystem::List(const std::string& dir) {
  absl::Status failure = absl::OkStatus();
  Announce(FileOperation::Kind::kRead, dir, &failure);
  if (!failure.ok()) return failure;
  const absl::StatusOr<NodeNumber> number = FindDir(dir);
  if (!number.ok()) return number.status();
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_.at(*number).names) names.push_back(name);
  return names;
}

absl::Status SimFileSystem::CreateDir(const std::string& dir) {
  absl::Status failure = absl::OkStatus();
  const DiskFault fault = Announce(FileOperation::Kind::kCreateDir, dir, &failure);
  if (!failure.ok() && fault != DiskFault::kCrashAfter) return failure;
  const absl::StatusOr<NodeNumber> existing = FindDir(dir);
  if (absl::IsNotFound(existing.status())) {
    const SplitPath split = Split(dir);
    const absl::StatusOr<NodeNumber> parent = FindDir(split.dir);
    if (!parent.ok()) return parent.status();
    const NodeNumber made = MakeNode(/*is_dir=*/true);
    ChangeNames(&nodes_.at(*parent), {.removed = {}, .added = {{split.name, made}}});
    return failure;
  }
  return failure.ok() ? existing.status() : failure;
}

absl::Status SimFileSystem::Rename(const std::string& from, const std::string& to) {
  absl::Status failure = absl::OkStatus();
  const DiskFault fault = Announce(FileOperation::Kind::kRename, from, &failure);
  if (!failure.ok() && fault != DiskFault::kCrashAfter) return failure;
  const absl::StatusOr<NodeNumber> node = Find(from);
  if (!node.ok()) return node.status();
  const absl::StatusOr<NodeNumber> target = Find(to);
  if (target.ok() && nodes_.at(*target).is_dir &&
      (!nodes_.at(*node).is_dir || !nodes_.at(*target).names.empty())) {
    return absl::FailedPreconditionError(to + " is a directory that cannot be replaced");
  }
  const SplitPath old_path = Split(from);
  const SplitPath new_path = Split(to);
  const absl::StatusOr<NodeNumber> old_dir = FindDir(old_path.dir);
  const absl::StatusOr<NodeNumber> new_dir = FindDir(new_path.dir);
  if (!old_dir.ok()) return old_dir.status();
  if (!new_dir.ok()) return new_dir.status();
  if (*old_dir == *new_dir) {
    ChangeNames(&nodes_.at(*old_dir),
                {.removed = {old_path.name}, .added = {{new_path.name, *node}}});
  } else {
    // Two directories, two changes: a crash may keep either without the other.
    ChangeNames(&nodes_.at(*new_dir), {.removed = {}, .added = {{new_path.name, *node}}});
    ChangeNames(&nodes_.at(*old_dir), {.removed = {old_path.name}, .added = {}});
  }
  return failure;
}

absl::Status SimFileSystem::Remove(const std::string& path) {
  absl::Status failure = absl::OkStatus();
  const DiskFault fault = Announce(FileOperation::Kind::kRemove, path, &failure);
  if (!failure.ok() && fault != DiskFault::kCrashAfter) return failure;
  const absl::StatusOr<NodeNumber> node = Find(path);
  if (!node.ok()) return node.status();
  if (nodes_.at(*node).is_dir && !nodes_.at(*node).names.empty()) {
    return absl::FailedPreconditionError(path + " is not empty");
  }
  const SplitPath split = Split(path);
  const absl::StatusOr<NodeNumber> dir = FindDir(split.dir);
  if (!dir.ok()) return dir.status();
  ChangeNames(&nodes_.at(*dir), {.removed = {split.name}, .added = {}});
  return failure;
}

absl::Status SimFileSystem::RemoveTree(const std::string& dir) {
  const absl::StatusOr<NodeNumber> node = Find(dir);
  if (!node.ok()) return absl::IsNotFound(node.status()) ? absl::OkStatus() : node.status();
  if (nodes_.at(*node).is_dir) {
    const Names names = nodes_.at(*node).names;
    for (const auto& [name, child] : names) {
      absl::Status removed = RemoveTree(absl::StrCat(dir, "/", name));
      if (!removed.ok()) return removed;
    }
  }
  return Remove(dir);
}

absl::Status SimFileSystem::SyncDir(const std::string& dir) {
  absl::Status failure = absl::OkStatus();
  const DiskFault fault = Announce(FileOperation::Kind::kSyncDir, dir, &failure);
  if (!failure.ok() && fault != DiskFault::kCrashAfter) return failure;
  const absl::StatusOr<NodeNumber> number = FindDir(dir);
  if (!number.ok()) return number.status();
  Node& node = nodes_.at(*number);
  if (node.pending_names.empty()) return failure;
  node.durable_names = node.names;
  node.pending_names.clear();
  return failure;
}

absl::StatusOr<std::unique_ptr<storage::FileLock>> SimFileSystem::Lock(const std::string& path) {
  absl::Status failure = absl::OkStatus();
  Announce(FileOperation::Kind::kLock, path, &failure);
  if (!failure.ok()) return failure;
  if (!session_->locks.insert(path).second) {
    return absl::FailedPreconditionError("data dir is used by another process (" + path +
                                         " is locked)");
  }
  return std::make_unique<HeldLock>(session_, path);
}

}  // namespace stele::sim
