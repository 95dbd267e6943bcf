#include "src/client/local_copy.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "src/client/retry.h"

namespace stele::client {
namespace {

constexpr int64_t kPageSize = 1000;

mvccpb::Event PutEvent(const mvccpb::KeyValue& kv) {
  mvccpb::Event event;
  event.set_type(mvccpb::Event::PUT);
  *event.mutable_kv() = kv;
  return event;
}

// The store no longer knows when a key was deleted; `revision` is when that was noticed.
mvccpb::Event DeleteEvent(const std::string& key, int64_t revision) {
  mvccpb::Event event;
  event.set_type(mvccpb::Event::DELETE);
  event.mutable_kv()->set_key(key);
  event.mutable_kv()->set_mod_revision(revision);
  return event;
}

absl::Status NoLongerWanted() { return absl::CancelledError("the copy is no longer wanted"); }

}  // namespace

absl::StatusOr<std::unique_ptr<LocalCopy>> LocalCopy::Create(Client& client, const KeyRange& range,
                                                             OnEvent on_event) {
  std::unique_ptr<LocalCopy> copy(new LocalCopy(client, range, std::move(on_event)));
  auto loaded = copy->Load();
  if (!loaded.ok()) return loaded.status();
  copy->OpenWatch(copy->revision() + 1);
  copy->thread_ = std::thread([self = copy.get()] { self->Run(); });
  return copy;
}

LocalCopy::LocalCopy(Client& client, KeyRange range, OnEvent on_event)
    : client_(client), range_(std::move(range)), on_event_(std::move(on_event)) {}

LocalCopy::~LocalCopy() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (watcher_ != nullptr) watcher_->Cancel();
  }
  if (thread_.joinable()) thread_.join();
}

std::optional<std::string> LocalCopy::Value(const std::string& key) const {
  absl::MutexLock lock(&mutex_);
  const auto found = pairs_.find(key);
  if (found == pairs_.end()) return std::nullopt;
  return found->second.value();
}

std::map<std::string, mvccpb::KeyValue> LocalCopy::All() const {
  absl::MutexLock lock(&mutex_);
  return pairs_;
}

int64_t LocalCopy::revision() const {
  absl::MutexLock lock(&mutex_);
  return revision_;
}

bool LocalCopy::WaitForRevision(int64_t revision, absl::Time deadline) const {
  absl::MutexLock lock(&mutex_);
  const auto shown = [this, revision]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return revision_ >= revision || !failure_.ok();
  };
  return mutex_.AwaitWithDeadline(absl::Condition(&shown), deadline) && failure_.ok();
}

absl::Status LocalCopy::Failure() const {
  absl::MutexLock lock(&mutex_);
  return failure_;
}

absl::StatusOr<std::vector<mvccpb::Event>> LocalCopy::Load() {
  std::map<std::string, mvccpb::KeyValue> pairs;
  const auto revision = client_.ReadInPages(range_, kPageSize, [&pairs](const auto& page) {
    for (const auto& kv : page.kvs()) pairs[kv.key()] = kv;
    return true;
  });
  if (!revision.ok()) return revision.status();
  absl::MutexLock lock(&mutex_);
  std::vector<mvccpb::Event> differences;
  for (const auto& [key, kv] : pairs_) {
    if (!pairs.contains(key)) differences.push_back(DeleteEvent(key, *revision));
  }
  for (const auto& [key, kv] : pairs) {
    const auto known = pairs_.find(key);
    if (known == pairs_.end() || known->second.mod_revision() != kv.mod_revision()) {
      differences.push_back(PutEvent(kv));
    }
  }
  pairs_ = std::move(pairs);
  revision_ = *revision;
  return differences;
}

bool LocalCopy::OpenWatch(int64_t start_revision) {
  etcdserverpb::WatchCreateRequest request = WatchOf(range_, start_revision);
  // Without notices a watch of a quiet range could fall behind a compaction.
  request.set_progress_notify(true);
  auto watcher = std::make_unique<Watcher>(client_, std::move(request));
  absl::MutexLock lock(&mutex_);
  watcher_ = std::move(watcher);
  return !stopping_;
}

void LocalCopy::Run() {
  const absl::Status end = Follow();
  absl::MutexLock lock(&mutex_);
  failure_ = end;
}

absl::Status LocalCopy::Follow() {
  for (int attempt = 1;; ++attempt) {
    auto response = watcher_->Next();
    if (response.ok() && !response->canceled()) {
      attempt = 0;
      Take(*response);
      continue;
    }
    if (response.ok() && response->compact_revision() == 0) {
      return absl::FailedPreconditionError(response->cancel_reason());
    }
    // A watch that was never confirmed gives up when nobody answers; this one does not.
    if (!response.ok() && !MayReopenStream(response.status())) return response.status();
    if (!response.ok() && !Pause(attempt)) return NoLongerWanted();
    absl::Status reloaded = response.ok() ? Reload() : absl::OkStatus();
    if (!reloaded.ok()) return reloaded;
    if (!OpenWatch(revision() + 1)) return NoLongerWanted();
  }
}

absl::Status LocalCopy::Reload() {
  for (int attempt = 1;; ++attempt) {
    const auto differences = Load();
    if (differences.ok()) {
      if (!on_event_) return absl::OkStatus();
      for (const mvccpb::Event& event : *differences) on_event_(event);
      return absl::OkStatus();
    }
    // Another compaction may pass the pages by, and members may be away for a while.
    const absl::Status& status = differences.status();
    const bool passes =
        MayReopenStream(status) || absl::IsOutOfRange(status) || absl::IsDeadlineExceeded(status);
    if (!passes) return status;
    if (!Pause(attempt)) return NoLongerWanted();
  }
}

bool LocalCopy::Pause(int attempt) {
  absl::MutexLock lock(&mutex_);
  return !mutex_.AwaitWithTimeout(absl::Condition(&stopping_), RetryPause(attempt));
}

void LocalCopy::Take(const etcdserverpb::WatchResponse& response) {
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& event : response.events()) {
      if (event.type() == mvccpb::Event::PUT) {
        pairs_[event.kv().key()] = event.kv();
      } else {
        pairs_.erase(event.kv().key());
      }
      revision_ = std::max(revision_, event.kv().mod_revision());
    }
    if (response.events().empty()) revision_ = std::max(revision_, response.header().revision());
  }
  if (!on_event_) return;
  for (const auto& event : response.events()) on_event_(event);
}

}  // namespace stele::client
