#include "tests/process/list_watch_cache.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

#include "tests/process/load_keys.h"
#include "tests/process/member_stubs.h"

namespace stele::process {
namespace {

constexpr std::int64_t kPageLimit = 500;
constexpr absl::Duration kTimeout = absl::Seconds(20);
constexpr double kRestartEveryMs = 4000;
constexpr double kListAnewShare = 0.2;  // of all restarts
// Of all restarts: its process was away, and the history it missed may be compacted.
constexpr double kAwayShare = 0.3;
constexpr std::int64_t kAwayMs = 3000;
// Of all pages: a reader so slow that a compaction may overtake its list.
constexpr double kSlowPageShare = 0.03;
constexpr std::int64_t kSlowPageMs = 2500;
constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr std::size_t kComplaints = 10;

bool Equal(const mvccpb::KeyValue& left, const mvccpb::KeyValue& right) {
  return left.key() == right.key() && left.value() == right.value() &&
         left.create_revision() == right.create_revision() &&
         left.mod_revision() == right.mod_revision() && left.version() == right.version() &&
         left.lease() == right.lease();
}

bool IsCompacted(const absl::Status& status) {
  return status.code() == absl::StatusCode::kOutOfRange &&
         status.message() == "etcdserver: mvcc: required revision has been compacted";
}

std::string Show(const mvccpb::KeyValue& kv) {
  return absl::StrCat(kv.key(), " of ", kv.mod_revision(), ", version ", kv.version());
}

}  // namespace

struct ListWatchCache::Stream {
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>>
      calls;
};

std::string EndOfPrefix(std::string prefix) {
  ++prefix.back();
  return prefix;
}

ListWatchCache::ListWatchCache(std::string name, const std::string& address, Options options)
    : name_(std::move(name)),
      options_(std::move(options)),
      client_(address),
      random_(options_.seed, name_),
      thread_([this] { Run(); }) {}

ListWatchCache::~ListWatchCache() { Stop(); }

void ListWatchCache::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (stream_ != nullptr) stream_->context.TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

void ListWatchCache::Rest(std::int64_t milliseconds) {
  const absl::Duration duration = absl::Milliseconds(random_.Between(0, milliseconds));
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopping_), duration);
}

bool ListWatchCache::stopping() const {
  const absl::MutexLock lock(&mutex_);
  return stopping_;
}

void ListWatchCache::RequestProgress() {
  const absl::MutexLock lock(&mutex_);
  if (stream_ == nullptr) return;
  etcdserverpb::WatchRequest request;
  request.mutable_progress_request();
  stream_->calls->Write(request);
}

bool ListWatchCache::AwaitComparison(std::int64_t revision, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  auto done = [this, revision]()
                  ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return compared_ >= revision; };
  while (absl::Now() < deadline) {
    RequestProgress();
    const absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&done), absl::Milliseconds(200))) return true;
  }
  return false;
}

void ListWatchCache::Complain(const std::string& text) {
  if (complaints_.size() < kComplaints) complaints_.push_back(absl::StrCat(name_, ": ", text));
}

void ListWatchCache::Run() {
  bool lists = true;
  while (!stopping()) {
    if (lists) {
      std::int64_t revision = 0;
      Objects objects;
      if (!List(&revision, &objects)) continue;
      objects_ = std::move(objects);
      revision_ = revision;
    }
    lists = Watch();
    if (random_.Chance(kAwayShare)) Rest(kAwayMs);
  }
}

bool ListWatchCache::List(std::int64_t* revision, Objects* objects) {
  ++figures_.lists;
  etcdserverpb::RangeRequest request;
  request.set_key(options_.prefix);
  request.set_range_end(EndOfPrefix(options_.prefix));
  request.set_limit(kPageLimit);
  while (!stopping()) {
    request.set_revision(*revision);
    const auto page = client_.Range(request, kTimeout);
    if (!page.ok()) {
      if (!IsCompacted(page.status())) Complain(absl::StrCat("list: ", page.status().ToString()));
      figures_.compacted += IsCompacted(page.status());
      return false;
    }
    if (*revision == 0) *revision = page->header().revision();
    if (!AddPage(*page, *revision, objects)) return false;
    if (!page->more()) return true;
    if (random_.Chance(kSlowPageShare)) Rest(kSlowPageMs);
    request.set_key(page->kvs().rbegin()->key() + std::string(1, '\0'));
  }
  return false;
}

bool ListWatchCache::AddPage(const etcdserverpb::RangeResponse& page, std::int64_t revision,
                             Objects* objects) {
  ++figures_.pages;
  const bool is_cut = page.count() > page.kvs_size();
  if (page.more() != is_cut || (is_cut && page.kvs_size() != kPageLimit)) {
    Complain(absl::StrCat("a page of ", page.kvs_size(), " of ", page.count(),
                          page.more() ? " and more" : ""));
    return false;
  }
  for (const mvccpb::KeyValue& kv : page.kvs()) {
    if (kv.mod_revision() > revision) {
      Complain(absl::StrCat("a list at ", revision, " shows ", Show(kv)));
    }
    if (!objects->emplace(kv.key(), kv).second) {
      Complain(absl::StrCat("a list shows twice ", Show(kv)));
    }
  }
  return true;
}

bool ListWatchCache::Watch() {
  ++figures_.watches;
  Stream stream;
  // As Kubernetes does: rather no watch than one of a member that is cut off.
  stream.context.AddMetadata("hasleader", "true");
  etcdserverpb::WatchRequest request;
  etcdserverpb::WatchCreateRequest& create = *request.mutable_create_request();
  create.set_key(options_.prefix);
  create.set_range_end(EndOfPrefix(options_.prefix));
  create.set_start_revision(revision_ + 1);
  create.set_prev_kv(true);
  create.set_progress_notify(true);
  {
    const absl::MutexLock lock(&mutex_);
    if (stopping_) return true;
    stream.calls = client_.stubs().watch->Watch(&stream.context);
    stream_ = &stream;
    stream.calls->Write(request);
  }
  next_restart_ns_ = MonotonicNs() + random_.Exponential(kRestartEveryMs) * kMillisecondNs;
  std::optional<bool> end;
  etcdserverpb::WatchResponse response;
  while (!end && stream.calls->Read(&response)) end = Take(response);
  stream.context.TryCancel();
  while (stream.calls->Read(&response)) {
  }
  const absl::MutexLock lock(&mutex_);
  stream_ = nullptr;
  const grpc::Status status = stream.calls->Finish();
  if (!end && !stopping_) Complain(absl::StrCat("watch: ", status.error_message()));
  return end.value_or(false);
}

std::optional<bool> ListWatchCache::Take(const etcdserverpb::WatchResponse& response) {
  if (response.canceled()) {
    if (response.compact_revision() == 0) {
      Complain(absl::StrCat("canceled: ", response.cancel_reason()));
    }
    ++figures_.compacted;
    return true;
  }
  if (response.created()) return std::nullopt;
  for (const mvccpb::Event& event : response.events()) Apply(event);
  if (response.events().empty()) {
    ++figures_.progress;
    if (response.header().revision() < revision_) {
      Complain(absl::StrCat("progress ", response.header().revision(), " after ", revision_));
    }
    revision_ = response.header().revision();
    Compare();
  }
  if (MonotonicNs() < next_restart_ns_) return std::nullopt;
  return random_.Chance(kListAnewShare);
}

void ListWatchCache::Apply(const mvccpb::Event& event) {
  const mvccpb::KeyValue& kv = event.kv();
  if (kv.mod_revision() < revision_) {
    Complain(absl::StrCat("after ", revision_, " an event of ", Show(kv)));
  }
  ++figures_.events;
  revision_ = kv.mod_revision();
  if (options_.misses_an_event && figures_.events == 50) return;
  const auto before = objects_.find(kv.key());
  // It may be compacted; but what is shown must be what was here.
  if (event.has_prev_kv() &&
      (before == objects_.end() || !Equal(before->second, event.prev_kv()))) {
    Complain(absl::StrCat("event of ", Show(kv), " shows before it ", Show(event.prev_kv())));
  }
  const bool is_new = kv.create_revision() == kv.mod_revision();
  if (event.type() == mvccpb::Event::DELETE) {
    if (before == objects_.end()) Complain(absl::StrCat("deleted, but not here: ", Show(kv)));
    objects_.erase(kv.key());
    return;
  }
  if (is_new != (before == objects_.end())) {
    Complain(absl::StrCat(is_new ? "created, but here: " : "changed, but not here: ", Show(kv)));
  }
  objects_[kv.key()] = kv;
}

void ListWatchCache::Compare() {
  Objects stored;
  std::int64_t revision = revision_;
  if (!List(&revision, &stored)) return;
  ++figures_.comparisons;
  for (const auto& [key, kv] : stored) {
    const auto here = objects_.find(key);
    if (here == objects_.end()) {
      Complain(absl::StrCat("at ", revision, " the cache lacks ", Show(kv)));
    } else if (!Equal(here->second, kv)) {
      Complain(absl::StrCat("at ", revision, " the cache has ", Show(here->second), " instead of ",
                            Show(kv)));
    }
  }
  if (objects_.size() != stored.size()) {
    Complain(absl::StrCat("at ", revision, " the cache has ", objects_.size(),
                          " objects instead of ", stored.size()));
  }
  const absl::MutexLock lock(&mutex_);
  compared_ = revision;
}

}  // namespace stele::process
