#include "tests/sim/full/watch_clients.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/history/operation_draw.h"
#include "tests/history/wire_records.h"
#include "tests/sim/journal.h"

namespace stele::sim {
namespace {

using history::WatchResponse;

}  // namespace

void WatchClients::Start() {
  for (int i = 0; i < port_->swarm->watchers; ++i) {
    Watcher* watcher = watchers_.emplace_back(std::make_unique<Watcher>()).get();
    watcher->is_slow = random_.Chance(port_->swarm->slow_share);
    MakeRecord(watcher);
    // One at least sees everything.
    if (i == 0) {
      watcher->record.key = std::string(1, '\0');
      watcher->record.range_end = std::string(1, '\0');
      watcher->record.no_put = watcher->record.no_delete = false;
      watcher->next = 1;
    }
    Connect(watcher);
    ScheduleMischief(watcher);
    ScheduleProgress(watcher);
  }
}

// A new watch; what the last one saw is done with.
void WatchClients::MakeRecord(Watcher* watcher) {
  if (!watcher->record.sessions.empty()) ended_.push_back(std::move(watcher->record));
  history::WatchDraw drawn = history::DrawWatch(absl::StrCat("watcher ", next_name_++),
                                                port_->known_revision, /*past=*/100, &random_);
  watcher->record = std::move(drawn.record);
  watcher->wants_progress = drawn.wants_progress;
  watcher->next = drawn.start_revision;
  if (watcher->next != 0) {
    port_->counts->Reach(watcher->next > port_->known_revision ? FullMark::kWatchInFuture
                                                               : FullMark::kWatchInPast);
  }
}

void WatchClients::Connect(Watcher* watcher) {
  const std::uint64_t stream = ++watcher->stream;
  watcher->member = port_->AnyMember(&random_);
  watcher->is_created = false;
  watcher->handler.reset();
  watcher->call = std::make_shared<SimCall>(
      port_->queue, port_->DrawDelay(&random_),
      SimCall::Outputs{[this, watcher, stream](const std::string& message) {
                         if (watcher->stream != stream) return;
                         etcdserverpb::WatchResponse response;
                         if (!response.ParseFromString(message)) {
                           throw Violation("a reply cannot be decoded");
                         }
                         OnMessage(watcher, response);
                       },
                       [this, watcher, stream](const absl::Status& /*status*/) {
                         if (watcher->stream == stream) Reconnect(watcher, FullMark::kWatchBroken);
                       }});
  port_->Reach(
      watcher->member, port_->DrawDelay(&random_),
      [this, watcher, stream](Member* member) {
        if (watcher->stream == stream) Arrive(watcher, stream, member);
      },
      [this, watcher, stream] {
        if (watcher->stream != stream) return;
        Later(watcher, 100 * kMillisecond, [this, watcher] { Connect(watcher); });
      });
  // If the process ends before it takes the request, nobody says so.
  Later(watcher, 3 * kSecond, [this, watcher] {
    if (!watcher->is_created) Reconnect(watcher, FullMark::kWatchBroken);
  });
}

void WatchClients::Arrive(Watcher* watcher, std::uint64_t /*stream*/, Member* member) {
  const history::WatchRecord& record = watcher->record;
  etcdserverpb::WatchRequest request;
  etcdserverpb::WatchCreateRequest* create = request.mutable_create_request();
  create->set_key(record.key);
  create->set_range_end(record.range_end);
  create->set_start_revision(watcher->next);
  create->set_prev_kv(record.with_previous);
  create->set_fragment(record.fragment);
  create->set_progress_notify(watcher->wants_progress);
  if (record.no_put) create->add_filters(etcdserverpb::WatchCreateRequest::NOPUT);
  if (record.no_delete) create->add_filters(etcdserverpb::WatchCreateRequest::NODELETE);
  watcher->record.sessions.push_back({.start_revision = watcher->next});
  watcher->handler =
      ClientPort::RoomsOf(member)->OpenStream("/etcdserverpb.Watch/Watch", watcher->call);
  Say(watcher, request);
  // Asked at once, while it still reads history.
  if (watcher->wants_progress) AskProgress(watcher);
}

void WatchClients::AskProgress(Watcher* watcher) {
  etcdserverpb::WatchRequest request;
  request.mutable_progress_request();
  Say(watcher, request);
}

void WatchClients::Say(Watcher* watcher, const etcdserverpb::WatchRequest& request) {
  if (const auto handler = watcher->handler.lock()) handler->OnMessage(request.SerializeAsString());
}

void WatchClients::Later(Watcher* watcher, Micros delay, std::function<void()> action) {
  port_->queue->After(delay, [watcher, stream = watcher->stream, action = std::move(action)] {
    if (watcher->stream == stream) action();
  });
}

void WatchClients::Leave(Watcher* watcher) {
  watcher->call->Leave();
  if (const auto handler = watcher->handler.lock()) handler->OnCancel();
}

void WatchClients::Reconnect(Watcher* watcher, FullMark why) {
  Leave(watcher);
  port_->counts->Reach(why);
  ++watcher->stream;
  Later(watcher, random_.Exponential(20.0 * kMillisecond), [this, watcher] { Connect(watcher); });
}

void WatchClients::OnMessage(Watcher* watcher, const etcdserverpb::WatchResponse& response) {
  WatchResponse noted;
  noted.revision = response.header().revision();
  noted.compact_revision = response.compact_revision();
  noted.time = port_->queue->now();
  for (const mvccpb::Event& event : response.events()) {
    noted.events.push_back(history::ToEventRecord(event));
  }
  if (response.created()) {
    noted.kind = WatchResponse::Kind::kCreated;
    watcher->is_created = true;
    port_->counts->Reach(FullMark::kWatchCreated);
  } else if (response.canceled()) {
    noted.kind = WatchResponse::Kind::kCanceled;
  } else if (response.events().empty()) {
    noted.kind = WatchResponse::Kind::kProgress;
    port_->counts->Reach(FullMark::kWatchProgress);
  } else {
    port_->counts->Reach(FullMark::kWatchEvent, noted.events.size());
  }
  watcher->record.sessions.back().responses.push_back(std::move(noted));
  Follow(watcher, response);
}

// Moves the place to resume from: every header says what its watch has been told by then.
void WatchClients::Follow(Watcher* watcher, const etcdserverpb::WatchResponse& response) {
  const std::int64_t covered = response.header().revision();
  if (response.created() && !response.canceled()) {
    if (watcher->next == 0) watcher->next = covered + 1;
    return;
  }
  if (response.canceled()) {
    // Whatever still comes is judged, until the stream is left.
    Later(watcher, 5 * kMillisecond, [this, watcher, compacted = response.compact_revision()] {
      port_->counts->Reach(compacted > 0 ? FullMark::kWatchCompacted : FullMark::kWatchCanceled);
      Leave(watcher);
      MakeRecord(watcher);
      if (compacted > 0) watcher->next = compacted;
      ++watcher->stream;
      Connect(watcher);
    });
    return;
  }
  if (response.fragment()) {
    watcher->next = response.events().rbegin()->kv().mod_revision();
  } else {
    watcher->next = std::max(watcher->next, covered + 1);
  }
  port_->known_revision = std::max(port_->known_revision, watcher->next - 1);
}

void WatchClients::ScheduleMischief(Watcher* watcher) {
  port_->queue->After(random_.Exponential(port_->swarm->watch_break_every), [this, watcher] {
    if (port_->calm) return;
    if (watcher->is_created) Mischief(watcher);
    ScheduleMischief(watcher);
  });
}

void WatchClients::Mischief(Watcher* watcher) {
  const std::uint64_t kind = random_.Below(10);
  if (watcher->is_slow && kind < 5) return StopReading(watcher);
  if (kind < 8) return Reconnect(watcher, FullMark::kWatchResumedElsewhere);
  etcdserverpb::WatchRequest request;
  request.mutable_cancel_request()->set_watch_id(0);
  Say(watcher, request);
}

void WatchClients::StopReading(Watcher* watcher) {
  port_->counts->Reach(FullMark::kSlowConsumer);
  watcher->call->SetReading(false);
  Later(watcher, random_.Between(10 * kMillisecond, 3 * kSecond),
        [watcher] { watcher->call->SetReading(true); });
}

void WatchClients::ScheduleProgress(Watcher* watcher) {
  port_->queue->After(random_.Exponential(1.0 * kSecond), [this, watcher] {
    if (watcher->wants_progress && watcher->is_created) AskProgress(watcher);
    ScheduleProgress(watcher);
  });
}

void WatchClients::Calm() {
  for (const auto& watcher : watchers_) watcher->call->SetReading(true);
}

bool WatchClients::all_connected() const {
  return std::ranges::all_of(watchers_, [](const auto& each) { return each->is_created; });
}

void WatchClients::TakeHistory(std::int64_t revision) {
  for (const auto& watcher : watchers_) {
    watcher->record.complete_to = revision;
    ended_.push_back(std::move(watcher->record));
  }
  port_->noted.watches = std::move(ended_);
}

}  // namespace stele::sim
