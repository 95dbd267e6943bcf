#include "tests/process/random_watcher.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

#include "tests/history/operation_draw.h"
#include "tests/history/wire_records.h"
#include "tests/process/load_keys.h"
#include "tests/process/member_stubs.h"

namespace stele::process {
namespace {

using history::WatchResponse;

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr double kMischiefEveryMs = 700;
constexpr std::int64_t kPast = 1500;  // revisions that a watch may begin before the present

}  // namespace

struct RandomWatcher::Stream {
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>>
      calls;
};

RandomWatcher::RandomWatcher(int number, std::uint64_t seed, bool is_witness, RandomScene* scene)
    : name_(absl::StrCat(is_witness ? "witness " : "watcher ", number)),
      is_witness_(is_witness),
      scene_(scene),
      random_(seed, is_witness ? "witness" : "watcher", static_cast<std::uint64_t>(number)),
      choice_(scene->addresses(), number) {
  {
    const absl::MutexLock lock(&mutex_);
    const std::uint64_t count = is_witness ? 1 : 1 + random_.Below(3);
    for (std::uint64_t i = 0; i < count; ++i) MakeWatch();
    if (is_witness) {
      history::WatchRecord& record = watches_.front()->record;
      record = {.name = name_, .key = std::string(1, '\0'), .range_end = std::string(1, '\0')};
      record.with_previous = number % 2 == 1;
      watches_.front()->next = 1;
    }
  }
  thread_ = std::thread([this] { Run(); });
}

RandomWatcher::~RandomWatcher() { Stop(); }

void RandomWatcher::Calm() {
  const absl::MutexLock lock(&mutex_);
  is_calm_ = true;
}

void RandomWatcher::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
    LeaveStream();
  }
  if (thread_.joinable()) thread_.join();
}

void RandomWatcher::LeaveStream() {
  if (stream_ != nullptr) stream_->context.TryCancel();
}

bool RandomWatcher::HasArrived(std::int64_t revision) const {
  return std::ranges::all_of(watches_, [revision](const std::unique_ptr<Watch>& watch) {
    return watch->is_over || watch->next > revision;
  });
}

bool RandomWatcher::AwaitRevision(std::int64_t revision, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  const absl::MutexLock lock(&mutex_);
  auto arrived = [this, revision]()
                     ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return HasArrived(revision); };
  while (absl::Now() < deadline) {
    AskProgress();
    if (!mutex_.AwaitWithTimeout(absl::Condition(&arrived), absl::Milliseconds(100))) continue;
    for (const auto& watch : watches_) {
      const bool begins_later =
          watch->record.sessions.empty() || watch->record.sessions.back().start_revision > revision;
      if (!watch->is_over && !begins_later) watch->record.complete_to = revision;
    }
    return true;
  }
  return false;
}

std::vector<history::WatchRecord> RandomWatcher::TakeRecords() {
  const absl::MutexLock lock(&mutex_);
  for (const auto& watch : watches_) ended_.push_back(std::move(watch->record));
  watches_.clear();
  return std::move(ended_);
}

void RandomWatcher::MakeWatch() {
  history::WatchDraw drawn = history::DrawWatch(absl::StrCat(name_, "/", next_name_++),
                                                scene_->known_revision(), kPast, &random_);
  auto watch = std::make_unique<Watch>();
  watch->record = std::move(drawn.record);
  watch->wants_progress = drawn.wants_progress;
  watch->next = drawn.start_revision;
  // What begins in the future must not come after the writes that are to reach it.
  if (is_calm_) watch->next = std::min(watch->next, scene_->known_revision());
  watches_.push_back(std::move(watch));
}

void RandomWatcher::Create(Watch* watch) {
  const history::WatchRecord& record = watch->record;
  watch->id = next_id_++;
  etcdserverpb::WatchRequest request;
  etcdserverpb::WatchCreateRequest& create = *request.mutable_create_request();
  create.set_key(record.key);
  create.set_range_end(record.range_end);
  create.set_start_revision(watch->next);
  create.set_prev_kv(record.with_previous);
  create.set_fragment(record.fragment);
  create.set_progress_notify(watch->wants_progress);
  create.set_watch_id(watch->id);
  if (record.no_put) create.add_filters(etcdserverpb::WatchCreateRequest::NOPUT);
  if (record.no_delete) create.add_filters(etcdserverpb::WatchCreateRequest::NODELETE);
  watch->record.sessions.push_back({.start_revision = watch->next});
  stream_->calls->Write(request);
}

void RandomWatcher::AskProgress() {
  if (stream_ == nullptr) return;
  etcdserverpb::WatchRequest request;
  request.mutable_progress_request();
  stream_->calls->Write(request);
}

void RandomWatcher::Run() {
  while (true) {
    WatchMember();
    choice_.Move(&random_);
    // A member that is down refuses at once; do not hammer it.
    const absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::Milliseconds(20))) return;
  }
}

void RandomWatcher::WatchMember() {
  MemberStubs& stubs = choice_.client().stubs();
  stubs.AdvanceConnection();
  Stream stream;
  {
    const absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    stream.calls = stubs.watch->Watch(&stream.context);
    stream_ = &stream;
    next_id_ = 1;
    for (const auto& watch : watches_) Create(watch.get());
  }
  mischief_at_ns_ = MonotonicNs() + random_.Exponential(kMischiefEveryMs) * kMillisecondNs;
  etcdserverpb::WatchResponse response;
  while (stream.calls->Read(&response)) {
    if (!Take(response) || !Mischief()) break;
  }
  stream.context.TryCancel();
  while (stream.calls->Read(&response)) {
  }
  const absl::MutexLock lock(&mutex_);
  stream.calls->Finish();
  stream_ = nullptr;
  // What was canceled on this stream cannot be heard of any more.
  for (auto each = watches_.begin(); each != watches_.end();) {
    if (!(*each)->is_over) {
      ++each;
      continue;
    }
    ended_.push_back(std::move((*each)->record));
    each = watches_.erase(each);
  }
}

bool RandomWatcher::Take(const etcdserverpb::WatchResponse& response) {
  scene_->SawRevision(response.header().revision());
  const absl::MutexLock lock(&mutex_);
  if (response.watch_id() == -1 && !response.canceled()) {
    for (const auto& watch : watches_) {
      // Of those that begin later it says nothing.
      const std::int64_t start = watch->record.sessions.back().start_revision;
      const bool created = !watch->record.sessions.back().responses.empty();
      if (created && !watch->is_over && start <= response.header().revision()) {
        Note(response, watch.get());
      }
    }
    return true;
  }
  const auto found = std::ranges::find(watches_, response.watch_id(), &Watch::id);
  if (found == watches_.end()) {
    complaints_.push_back(absl::StrCat("unknown watch: ", response.ShortDebugString()));
    return false;
  }
  Note(response, found->get());
  return true;
}

void RandomWatcher::Note(const etcdserverpb::WatchResponse& response, Watch* watch) {
  using Kind = WatchResponse::Kind;
  WatchResponse noted{.kind = Kind::kEvents,
                      .revision = response.header().revision(),
                      .compact_revision = response.compact_revision(),
                      .time = MonotonicNs()};
  if (response.canceled()) return NoteCanceled(response, watch);
  if (response.created()) {
    noted.kind = Kind::kCreated;
    if (watch->next == 0) watch->next = noted.revision + 1;
  } else if (response.events().empty()) {
    noted.kind = Kind::kProgress;
    watch->next = std::max(watch->next, noted.revision + 1);
  } else {
    const std::int64_t last = response.events().rbegin()->kv().mod_revision();
    for (const mvccpb::Event& event : response.events()) {
      noted.events.push_back(history::ToEventRecord(event));
    }
    // The rest of the revision may be in the next part.
    watch->next = std::max(watch->next, response.fragment() ? last : last + 1);
    if (is_witness_) scene_->Witnessed(last);
  }
  watch->record.sessions.back().responses.push_back(std::move(noted));
}

void RandomWatcher::NoteCanceled(const etcdserverpb::WatchResponse& response, Watch* watch) {
  watch->record.sessions.back().responses.push_back(
      {.kind = WatchResponse::Kind::kCanceled,
       .revision = response.header().revision(),
       .compact_revision = response.compact_revision(),
       .time = MonotonicNs()});
  if (watch->is_over) return;
  watch->is_over = true;
  if (response.created()) {
    complaints_.push_back(absl::StrCat("refused: ", response.ShortDebugString()));
  }
  const history::WatchRecord record = {.name = name_,
                                       .key = watch->record.key,
                                       .range_end = watch->record.range_end,
                                       .with_previous = watch->record.with_previous};
  MakeWatch();
  Watch* replacement = watches_.back().get();
  if (is_witness_) replacement->record = record;
  if (response.compact_revision() > 0) replacement->next = response.compact_revision();
  Create(replacement);
}

bool RandomWatcher::Mischief() {
  {
    const absl::MutexLock lock(&mutex_);
    if (is_calm_ || MonotonicNs() < mischief_at_ns_) return true;
    mischief_at_ns_ = MonotonicNs() + random_.Exponential(kMischiefEveryMs) * kMillisecondNs;
    const std::uint64_t kind = random_.Below(10);
    if (kind < 4) return is_witness_ && random_.Chance(0.5);
    if (kind < 6) {
      AskProgress();
      return true;
    }
    if (is_witness_) return true;
    if (kind < 8) {
      const auto& victim = watches_[random_.Below(watches_.size())];
      etcdserverpb::WatchRequest request;
      request.mutable_cancel_request()->set_watch_id(victim->id);
      stream_->calls->Write(request);
      return true;
    }
  }
  scene_->Rest(absl::Milliseconds(random_.Between(10, 1500)));
  return true;
}

}  // namespace stele::process
