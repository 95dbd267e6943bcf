#include "src/server/current_store.h"

#include <filesystem>
#include <mutex>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/storage/replace_file.h"

namespace stele::server {
namespace {

constexpr char kPointer[] = "CURRENT";
constexpr char kFirstStore[] = "store-0";
constexpr char kStorePrefix[] = "store-";

}  // namespace

CurrentStore::CurrentStore(storage::FileSystem* fs, std::string dir, OpenEngine open_engine)
    : fs_(fs), dir_(std::move(dir)), open_engine_(std::move(open_engine)) {}

absl::StatusOr<std::unique_ptr<CurrentStore>> CurrentStore::Open(storage::FileSystem* fs,
                                                                 const std::string& dir,
                                                                 const std::string& keep,
                                                                 OpenEngine open_engine) {
  if (!fs->Exists(dir)) {
    // What is durable in a directory is lost with the directory's own name.
    absl::Status status = fs->CreateDir(dir);
    if (status.ok()) status = fs->SyncDir(std::filesystem::path(dir).parent_path());
    if (!status.ok()) return status;
  }
  std::unique_ptr<CurrentStore> store(new CurrentStore(fs, dir, std::move(open_engine)));
  std::string name = kFirstStore;
  if (fs->Exists(store->PathOf(kPointer))) {
    absl::StatusOr<std::string> pointer = fs->ReadAll(store->PathOf(kPointer));
    if (!pointer.ok()) return pointer.status();
    name = std::string(absl::StripSuffix(*pointer, "\n"));
    if (name.empty() || name.find('/') != std::string::npos || !fs->Exists(store->PathOf(name))) {
      return absl::DataLossError(absl::StrCat(store->PathOf(kPointer), ": names '", name,
                                              "', which is no store of this directory"));
    }
    // A process that died in the middle of a switch may have left a name that is visible and not
    // yet durable. Everything from here on, down to what the log releases, builds on this store.
    if (absl::Status status = fs->SyncDir(dir); !status.ok()) return status;
  } else {
    // A crash must not leave a CURRENT that names nothing: the directory is durable first.
    absl::Status status = fs->CreateDir(store->PathOf(name));
    if (status.ok()) status = fs->SyncDir(dir);
    if (status.ok()) status = store->PointAt(name);
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::vector<std::string>> entries = fs->List(dir);
  if (!entries.ok()) return entries.status();
  for (const std::string& entry : *entries) {
    if (entry == kPointer || entry == name || entry == keep) continue;
    if (absl::Status status = fs->RemoveTree(store->PathOf(entry)); !status.ok()) return status;
  }
  absl::StatusOr<std::shared_ptr<Opened>> opened = store->OpenNamed(name);
  if (!opened.ok()) return opened.status();
  const std::lock_guard lock(store->mutex_);
  store->opened_ = *std::move(opened);
  return store;
}

absl::StatusOr<std::shared_ptr<CurrentStore::Opened>> CurrentStore::OpenNamed(
    const std::string& name) {
  auto opened = std::make_shared<Opened>();
  opened->name = name;
  absl::StatusOr<std::unique_ptr<storage::Engine>> engine = open_engine_(PathOf(name));
  if (!engine.ok()) return engine.status();
  opened->engine = *std::move(engine);
  absl::StatusOr<std::unique_ptr<storage::StateMachine>> state_machine =
      storage::StateMachine::Open(opened->engine.get(), {});
  if (!state_machine.ok()) return state_machine.status();
  opened->state_machine = *std::move(state_machine);
  return opened;
}

std::shared_ptr<CurrentStore::Opened> CurrentStore::Hold() {
  const std::lock_guard lock(mutex_);
  return opened_;
}

std::shared_ptr<const storage::ReadView> CurrentStore::View() {
  std::shared_ptr<Opened> opened = Hold();
  // The view's bytes belong to the engine: whoever holds the view holds the store.
  struct Held {
    std::shared_ptr<Opened> opened;
    std::shared_ptr<const storage::ReadView> view;
  };
  auto held = std::make_shared<Held>();
  held->view = opened->state_machine->View();
  held->opened = std::move(opened);
  const storage::ReadView* view = held->view.get();
  return {std::move(held), view};
}

absl::Status CurrentStore::ReclaimSpace(std::atomic<bool>* given_up) {
  return Hold()->engine->ReclaimSpace(given_up);
}

std::vector<storage::StoredFile> CurrentStore::Files() { return Hold()->engine->Files(); }

absl::Status CurrentStore::SwitchTo(const std::string& name) {
  // An engine would make an empty store where there is none.
  if (!fs_->Exists(PathOf(name))) {
    return absl::NotFoundError(absl::StrCat(PathOf(name), " is missing"));
  }
  absl::StatusOr<std::shared_ptr<Opened>> next = OpenNamed(name);
  if (!next.ok()) return next.status();
  if (absl::Status status = PointAt(name); !status.ok()) return status;
  std::shared_ptr<Opened> former;
  {
    const std::lock_guard lock(mutex_);
    former = std::exchange(opened_, *std::move(next));
  }
  // Readers may still hold the former store; its files stay readable after the unlink.
  const std::lock_guard removal(removal_mutex_);
  return fs_->RemoveTree(PathOf(former->name));
}

void CurrentStore::RemoveObsolete() {
  const std::lock_guard removal(removal_mutex_);
  const std::shared_ptr<Opened> opened = Hold();
  const std::uint64_t applied = opened->state_machine->View()->applied_index().value;
  const absl::StatusOr<std::vector<std::string>> names = fs_->List(dir_);
  if (!names.ok()) return;  // the next start removes them, too
  for (const std::string& name : *names) {
    absl::string_view number = name;
    std::uint64_t index = 0;
    if (name == opened->name || !absl::ConsumePrefix(&number, kStorePrefix) ||
        !absl::SimpleAtoi(number, &index) || index > applied) {
      continue;
    }
    fs_->RemoveTree(PathOf(name)).IgnoreError();
  }
}

absl::Status CurrentStore::PointAt(const std::string& name) {
  return storage::ReplaceFile(fs_, dir_, kPointer, name + "\n");
}

std::string SnapshotStoreName(raft::Index index) { return absl::StrCat(kStorePrefix, index.value); }

absl::Status FinishInstall(const storage::LogStore& log, CurrentStore* store) {
  if (store->state_machine().applied_index() >= log.first_index().Previous()) {
    return absl::OkStatus();
  }
  // The log restarted behind a snapshot, and the crash came before the store was switched.
  absl::Status status = store->SwitchTo(SnapshotStoreName(log.LatestSnapshot().last.index));
  if (status.ok()) return status;
  return absl::DataLossError(absl::StrCat(
      "holds entries up to ", store->state_machine().applied_index().value,
      " only, but the log begins at ", log.first_index().value, ": ", status.message()));
}

}  // namespace stele::server
