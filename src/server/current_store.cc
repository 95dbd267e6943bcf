#include "src/server/current_store.h"

#include <mutex>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace stele::server {
namespace {

constexpr char kPointer[] = "CURRENT";
constexpr char kPointerDraft[] = "CURRENT.new";
constexpr char kFirstStore[] = "store-0";

}  // namespace

CurrentStore::CurrentStore(storage::FileSystem* fs, std::string dir, OpenEngine open_engine)
    : fs_(fs), dir_(std::move(dir)), open_engine_(std::move(open_engine)) {}

absl::StatusOr<std::unique_ptr<CurrentStore>> CurrentStore::Open(storage::FileSystem* fs,
                                                                 const std::string& dir,
                                                                 const std::string& keep,
                                                                 OpenEngine open_engine) {
  if (absl::Status status = fs->CreateDir(dir); !status.ok()) return status;
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

std::shared_ptr<const storage::ReadView> CurrentStore::View() {
  std::shared_ptr<Opened> opened;
  {
    const std::lock_guard lock(mutex_);
    opened = opened_;
  }
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

absl::Status CurrentStore::SwitchTo(const std::string& name) {
  absl::StatusOr<std::shared_ptr<Opened>> next = OpenNamed(name);
  if (!next.ok()) return next.status();
  if (absl::Status status = PointAt(name); !status.ok()) return status;
  std::shared_ptr<Opened> former;
  {
    const std::lock_guard lock(mutex_);
    former = std::exchange(opened_, *std::move(next));
  }
  // Readers may still hold the former store; its files stay readable after the unlink.
  return fs_->RemoveTree(PathOf(former->name));
}

absl::Status CurrentStore::PointAt(const std::string& name) {
  const std::string line = name + "\n";
  {
    auto draft = fs_->OpenForWrite(PathOf(kPointerDraft));
    if (!draft.ok()) return draft.status();
    absl::Status status = (*draft)->Truncate(0);
    if (status.ok()) status = (*draft)->WriteAt(0, std::as_bytes(std::span(line)));
    if (status.ok()) status = (*draft)->Sync();
    if (!status.ok()) return status;
  }
  absl::Status status = fs_->Rename(PathOf(kPointerDraft), PathOf(kPointer));
  if (status.ok()) status = fs_->SyncDir(dir_);
  return status;
}

}  // namespace stele::server
