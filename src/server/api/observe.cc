#include "src/server/api/observe.h"

#include <utility>

#include "proto/election.pb.h"
#include "src/server/api/headers.h"
#include "src/server/api/queue_keys.h"

namespace stele::server {

namespace pb = etcdserverpb;

Observation::Observation(ClientPorts ports, std::shared_ptr<Call> call, std::string prefix)
    : ports_(std::move(ports)), call_(std::move(call)), prefix_(std::move(prefix)) {}

void Observation::Start(const ClientPorts& ports, std::shared_ptr<Call> call, std::string prefix) {
  std::shared_ptr<Observation> observation(
      new Observation(ports, std::move(call), std::move(prefix)));
  observation->call_->NotifyCancelled([observation] { observation->OnCancelled(); });
  observation->Look();
}

void Observation::Look() {
  ports_.reader->Linearizable(
      [self = shared_from_this()](const absl::StatusOr<Reader::View>& view) {
        self->OnView(view);
      });
}

void Observation::OnView(const absl::StatusOr<Reader::View>& view) {
  if (!view.ok()) return call_->Finish(view.status());
  pb::RangeResponse found;
  absl::Status read = (*view)->Range(HeadOfQueue(prefix_), &found);
  if (!read.ok()) return call_->Finish(read);
  const std::int64_t revision = found.header().revision();
  if (found.kvs().empty()) return Watch(prefix_, PrefixEnd(prefix_), revision + 1);
  Tell(revision, found.kvs(0));
  Watch(found.kvs(0).key(), "", revision + 1);
}

void Observation::Watch(const std::string& key, const std::string& range_end,
                        std::int64_t start_revision) {
  pb::WatchCreateRequest request;
  request.set_key(key);
  request.set_range_end(range_end);
  request.set_start_revision(start_revision);
  const bool any_key = !range_end.empty();
  const std::lock_guard lock(mutex_);
  if (over_) return;
  const std::uint64_t step = ++step_;
  WatchListener listener;
  listener.reader = call_;  // a client that reads slowly slows the watch down
  listener.on_response = [self = shared_from_this(), step,
                          any_key](const pb::WatchResponse& response) {
    self->OnResponse(step, any_key, response);
  };
  listener.on_end = [self = shared_from_this(), step](const absl::Status& status) {
    if (self->EndWatch(step)) self->call_->Finish(status);
  };
  watch_ = ports_.watches->Begin(std::move(request), std::move(listener));
}

void Observation::OnResponse(std::uint64_t step, bool any_key, const pb::WatchResponse& response) {
  if (response.canceled()) {
    // What was watched is compacted by now: whoever leads today is the next to be told.
    if (EndWatch(step)) Look();
    return;
  }
  any_key ? OnFirstLeader(step, response) : OnLeaderChange(step, response);
}

void Observation::OnFirstLeader(std::uint64_t step, const pb::WatchResponse& response) {
  for (const mvccpb::Event& event : response.events()) {
    if (event.type() != mvccpb::Event::PUT) continue;
    if (!EndWatch(step)) return;
    Tell(event.kv().mod_revision(), event.kv());
    return Watch(event.kv().key(), "", event.kv().mod_revision() + 1);
  }
}

void Observation::OnLeaderChange(std::uint64_t step, const pb::WatchResponse& response) {
  if (!IsCurrent(step)) return;
  for (const mvccpb::Event& event : response.events()) {
    if (event.type() == mvccpb::Event::PUT) {
      Tell(response.header().revision(), event.kv());
      continue;
    }
    if (EndWatch(step)) Look();
    return;
  }
}

void Observation::Tell(std::int64_t revision, const mvccpb::KeyValue& kv) {
  v3electionpb::LeaderResponse response;
  FillHeader(*ports_.facts, revision, response.mutable_header());
  *response.mutable_kv() = kv;
  call_->Write(response.SerializeAsString());
}

bool Observation::EndWatch(std::uint64_t step) {
  std::uint64_t watch = 0;
  {
    const std::lock_guard lock(mutex_);
    if (over_ || step != step_) return false;
    ++step_;
    watch = std::exchange(watch_, 0);
  }
  if (watch != 0) ports_.watches->End(watch);
  return true;
}

bool Observation::IsCurrent(std::uint64_t step) {
  const std::lock_guard lock(mutex_);
  return !over_ && step == step_;
}

void Observation::OnCancelled() {
  std::uint64_t watch = 0;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    watch = std::exchange(watch_, 0);
  }
  if (watch != 0) ports_.watches->End(watch);
}

}  // namespace stele::server
