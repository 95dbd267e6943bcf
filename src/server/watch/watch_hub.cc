#include "src/server/watch/watch_hub.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/string_view.h"
#include "src/raft/check.h"
#include "src/server/mutation.h"

namespace stele::server {
namespace {

// No watch: what progress of a whole stream and failed creations carry.
constexpr WatchId kNoWatch = -1;

// Texts of the wire.
constexpr absl::string_view kEmptyRangeText = "mvcc: watcher range is empty";
constexpr absl::string_view kDuplicateIdText =
    "mvcc: duplicate watch ID provided on the WatchStream";
constexpr absl::string_view kCompactedText =
    "etcdserver: mvcc: required revision has been compacted";
constexpr absl::string_view kNoLeaderText = "etcdserver: no leader";

// How long to wait for a view that has what was published.
constexpr absl::Duration kStaleViewDelay = absl::Milliseconds(5);

// Why a creation fails for good, empty if it does not.
absl::string_view RefusalOf(const WatchStream& stream, const KeyRange& range,
                            const etcdserverpb::WatchCreateRequest& request) {
  if (request.start_revision() < 0) return kCompactedText;
  if (range.IsEmpty()) return kEmptyRangeText;
  if (request.watch_id() != 0 && WatcherTable::IsTaken(stream, request.watch_id())) {
    return kDuplicateIdText;
  }
  return {};
}

KeyRange RangeOf(const etcdserverpb::WatchCreateRequest& request) {
  KeyRange range{request.key(), request.range_end()};
  if (range.key.empty()) range.key.assign(1, '\0');  // the smallest key there can be
  return range;
}

bool HasFilter(const etcdserverpb::WatchCreateRequest& request,
               etcdserverpb::WatchCreateRequest::FilterType type) {
  return absl::c_linear_search(request.filters(), static_cast<int>(type));
}

}  // namespace

WatchHub::WatchHub(const WatchOptions& options, WatchSurroundings surroundings)
    : options_(options),
      surroundings_(std::move(surroundings)),
      inbox_(std::make_shared<WatchInbox>(surroundings_.wake, options.inbox_bytes_max,
                                          &counters_.pending_events)),
      table_(&counters_),
      published_revision_(options.current_revision) {}

WatchHub::~WatchHub() { inbox_->Close(); }

void WatchHub::Publish(std::vector<storage::EventBatch> batches,
                       std::shared_ptr<const storage::ReadView> view) {
  inbox_->PostPublication(Publication{std::move(batches), std::move(view)});
}

void WatchHub::Reset(std::int64_t current_revision) { inbox_->Post(StoreReset{current_revision}); }

WatchStreamId WatchHub::OpenStream(std::shared_ptr<Call> call, bool require_leader) {
  const WatchStreamId id = next_stream_.fetch_add(1, std::memory_order_relaxed);
  inbox_->Post(StreamOpened{id, std::move(call), require_leader});
  return id;
}

void WatchHub::Create(WatchStreamId stream, etcdserverpb::WatchCreateRequest request) {
  inbox_->Post(CreateAsked{stream, std::move(request)});
}

void WatchHub::Cancel(WatchStreamId stream, WatchId watch) {
  inbox_->Post(CancelAsked{stream, watch});
}

void WatchHub::RequestProgress(WatchStreamId stream) { inbox_->Post(ProgressAsked{stream}); }

void WatchHub::CloseStream(WatchStreamId stream, absl::Status status) {
  inbox_->Post(StreamClosed{stream, std::move(status)});
}

void WatchHub::SetLeaderKnown(bool known) { inbox_->Post(LeaderKnown{known}); }

void WatchHub::EndAllStreams(absl::Status status) {
  STELE_CHECK(!status.ok());
  inbox_->Post(AllStreamsEnded{std::move(status)});
}

bool WatchHub::RunOnce() {
  ++pass_;
  const bool had_inputs = HandleInputs();
  const bool told_progress = TellProgress();
  const bool caught_up = CatchUp();
  return had_inputs || told_progress || caught_up;
}

absl::Duration WatchHub::IdleTime() {
  absl::Duration idle = absl::InfiniteDuration();
  if (!progress_due_.empty()) {
    idle = std::max(absl::ZeroDuration(), progress_due_.begin()->first - surroundings_.now());
  }
  return view_was_stale_ ? std::min(idle, kStaleViewDelay) : idle;
}

bool WatchHub::HandleInputs() {
  if (next_input_ == inputs_.size()) {
    inputs_.clear();
    next_input_ = 0;
    inbox_->TakeAll(&inputs_);
  }
  if (inputs_.empty()) return false;
  const std::size_t end = std::min(inputs_.size(), next_input_ + options_.pass_inputs);
  while (next_input_ < end) {
    std::visit([this](auto& input) { Handle(input); }, inputs_[next_input_++]);
  }
  return true;
}

void WatchHub::Handle(StoreReset& reset) {
  if (Planted(Mutation::kResetSkipsHistory)) published_revision_ = reset.current_revision;
  JumpTo(reset.current_revision);
}

// Something was not seen live. Every synced watcher reads it from history; those that wait for a
// later revision have missed nothing.
void WatchHub::JumpTo(std::int64_t current_revision) {
  STELE_CHECK(current_revision >= published_revision_);
  if (current_revision == published_revision_) return;
  const std::int64_t cursor = published_revision_ + 1;
  published_revision_ = current_revision;
  for (WatchStream* stream : table_.Streams()) {
    for (const auto& [id, watcher] : stream->watchers) {
      if (watcher->state != Watcher::State::kSynced) continue;
      watcher->next_revision = std::max(watcher->next_revision, cursor);
      if (watcher->next_revision <= published_revision_) table_.MoveToUnsynced(watcher.get());
    }
  }
}

void WatchHub::Handle(StreamOpened& opened) {
  if (!ended_.ok()) {
    opened.call->Finish(ended_);
  } else if (opened.require_leader && !leader_known_) {
    opened.call->Finish(absl::UnavailableError(kNoLeaderText));
  } else {
    table_.AddStream(opened.stream, std::move(opened.call), opened.require_leader);
  }
}

void WatchHub::Handle(CreateAsked& asked) {
  WatchStream* stream = table_.FindStream(asked.stream);
  if (stream == nullptr) return;
  const etcdserverpb::WatchCreateRequest& request = asked.request;
  KeyRange range = RangeOf(request);
  if (const absl::string_view refusal = RefusalOf(*stream, range, request); !refusal.empty()) {
    WriteControl(
        stream, published_revision_,
        {.watch_id = kNoWatch, .created = true, .canceled = true, .cancel_reason = refusal});
    return;
  }

  auto watcher = std::make_unique<Watcher>();
  watcher->id = request.watch_id() != 0 ? request.watch_id() : WatcherTable::ChooseId(stream);
  watcher->stream = stream;
  watcher->range = std::move(range);
  watcher->no_put = HasFilter(request, etcdserverpb::WatchCreateRequest::NOPUT);
  watcher->no_delete = HasFilter(request, etcdserverpb::WatchCreateRequest::NODELETE);
  watcher->prev_kv = request.prev_kv();
  watcher->fragment = request.fragment();
  watcher->progress_notify = request.progress_notify();
  watcher->start_revision = request.start_revision();
  watcher->next_revision =
      request.start_revision() != 0 ? request.start_revision() : published_revision_ + 1;
  watcher->state = watcher->next_revision > published_revision_ ? Watcher::State::kSynced
                                                                : Watcher::State::kUnsynced;
  watcher->id_field = EncodeWatchId(watcher->id);

  WriteControl(stream, published_revision_, {.watch_id = watcher->id, .created = true});
  if (watcher->progress_notify && stream->progress_at == absl::InfiniteFuture()) {
    ArmProgress(stream, surroundings_.now());
  }
  table_.AddWatcher(std::move(watcher));
}

void WatchHub::Handle(CancelAsked& asked) {
  WatchStream* stream = table_.FindStream(asked.stream);
  if (stream == nullptr) return;
  const auto found = stream->watchers.find(asked.watch);
  if (found != stream->watchers.end()) {
    if (!Planted(Mutation::kCanceledWatcherStays)) table_.RemoveWatcher(found->second.get());
  } else if (stream->compacted_ids.erase(asked.watch) == 0) {
    return;  // nobody to cancel, nothing to say
  }
  WriteControl(stream, published_revision_, {.watch_id = asked.watch, .canceled = true});
}

// Whether "you have everything up to the published revision" may be said to this watcher.
bool WatchHub::HasReached(const Watcher& watcher) const {
  const bool is_synced = watcher.state == Watcher::State::kSynced;
  return (is_synced || Planted(Mutation::kProgressOvertakes)) &&
         watcher.start_revision <= published_revision_;
}

void WatchHub::Handle(ProgressAsked& asked) {
  WatchStream* stream = table_.FindStream(asked.stream);
  if (stream == nullptr || stream->watchers.empty()) return;
  if (!HasRoom(stream)) return;
  const bool all_reached = absl::c_all_of(
      stream->watchers, [this](const auto& entry) { return HasReached(*entry.second); });
  if (!all_reached) return;  // the client asks again
  WriteControl(stream, published_revision_, {.watch_id = kNoWatch});
}

void WatchHub::Handle(StreamClosed& closed) {
  if (WatchStream* stream = table_.FindStream(closed.stream)) EndStream(stream, closed.status);
}

void WatchHub::Handle(StreamDrained& drained) {
  WatchStream* stream = table_.FindStream(drained.stream);
  if (stream == nullptr) return;
  stream->measured_pass = 0;
  stream->control_bytes = 0;
  table_.SetCongested(stream, false);
}

void WatchHub::Handle(LeaderKnown& leader) {
  leader_known_ = leader.known;
  if (leader_known_) return;
  for (WatchStream* stream : table_.Streams()) {
    if (stream->require_leader) EndStream(stream, absl::UnavailableError(kNoLeaderText));
  }
}

void WatchHub::Handle(AllStreamsEnded& ended) {
  ended_ = ended.status;
  for (WatchStream* stream : table_.Streams()) EndStream(stream, ended_);
}

void WatchHub::EndStream(WatchStream* stream, const absl::Status& status) {
  stream->call->Finish(status);
  progress_due_.erase({stream->progress_at, stream->id});
  table_.RemoveStream(stream);
}

void WatchHub::ArmProgress(WatchStream* stream, absl::Time now) {
  stream->progress_at = now + options_.progress_interval * (1.0 + 0.1 * surroundings_.random());
  progress_due_.emplace(stream->progress_at, stream->id);
}

bool WatchHub::TellProgress() {
  if (progress_due_.empty()) return false;
  const absl::Time now = surroundings_.now();
  bool any = false;
  while (!progress_due_.empty() && progress_due_.begin()->first <= now) {
    any = true;
    WatchStream* stream = table_.FindStream(progress_due_.begin()->second);
    STELE_CHECK(stream != nullptr);
    progress_due_.erase(progress_due_.begin());
    stream->progress_at = absl::InfiniteFuture();
    bool wanted = false;
    for (const auto& [id, watcher] : stream->watchers) {
      if (!watcher->progress_notify) continue;
      wanted = true;
      if (watcher->idle && HasReached(*watcher) && HasRoom(stream)) {
        WriteControl(stream, published_revision_, {.watch_id = id});
      }
      watcher->idle = true;
    }
    if (wanted) ArmProgress(stream, now);
  }
  return any;
}

}  // namespace stele::server
