#include "src/client/election.h"

#include <utility>

#include "src/client/txn_builder.h"

namespace stele::client {

using etcdserverpb::RangeRequest;

absl::Status Election::Campaign(const std::string& value, absl::Time deadline) {
  auto first = place_.Enter(value);
  if (!first.ok()) return first.status();
  if (!*first) {
    absl::Status waited = place_.WaitForTurn(deadline);
    if (!waited.ok()) {
      place_.Leave().IgnoreError();  // what is left of it goes with the session
      return waited;
    }
  }
  leads_ = true;
  // A candidacy from before may have been with another value.
  return place_.value_in_place() == value ? absl::OkStatus() : Proclaim(value);
}

absl::Status Election::Proclaim(const std::string& value) {
  if (!leads_) return absl::FailedPreconditionError("election: not leader");
  auto answer = TxnBuilder()
                    .When(StillLeads())
                    .Then(PutOf(key(), value, {.lease = session_.lease_id()}))
                    .Commit(session_.client());
  if (!answer.ok()) return answer.status();
  leads_ = answer->succeeded();
  return leads_ ? absl::OkStatus() : absl::FailedPreconditionError("election: not leader");
}

absl::Status Election::Resign() {
  leads_ = false;
  return place_.Leave();
}

absl::StatusOr<Leader> LeaderOf(Client& client, const std::string& name) {
  auto answer =
      client.Get(QueuePlace::KeysOf(name),
                 {.limit = 1, .order = RangeRequest::ASCEND, .sort_by = RangeRequest::CREATE});
  if (!answer.ok()) return answer.status();
  if (answer->kvs().empty()) return absl::NotFoundError("election: no leader");
  return Leader{answer->header(), answer->kvs(0)};
}

LeaderObserver::LeaderObserver(Client& client, const std::string& name)
    : client_(client), keys_(QueuePlace::KeysOf(name)) {}

void LeaderObserver::Cancel() {
  absl::MutexLock lock(&mutex_);
  cancelled_ = true;
  if (watcher_ != nullptr) watcher_->Cancel();
}

absl::StatusOr<Leader> LeaderObserver::Next(absl::Time deadline) {
  while (true) {
    if (watcher_ == nullptr) {
      absl::Status loaded = Load();
      if (!loaded.ok()) return loaded;
      if (auto news = News(unread_.header()); news.has_value()) return *std::move(news);
    }
    while (next_event_ < unread_.events_size()) {
      const mvccpb::Event& event = unread_.events(next_event_++);
      if (event.type() == mvccpb::Event::PUT) {
        candidates_[event.kv().create_revision()] = event.kv();
      } else {
        std::erase_if(candidates_, [&event](const auto& candidate) {
          return candidate.second.key() == event.kv().key();
        });
      }
      if (auto news = News(unread_.header()); news.has_value()) return *std::move(news);
    }
    auto response = watcher_->Next(deadline);
    if (!response.ok()) return response.status();
    if (response->canceled()) {
      // The history that was missed is gone: the present is read anew.
      absl::MutexLock lock(&mutex_);
      watcher_.reset();
      continue;
    }
    unread_ = *std::move(response);
    next_event_ = 0;
  }
}

absl::Status LeaderObserver::Load() {
  auto answer = client_.Get(keys_);
  if (!answer.ok()) return answer.status();
  candidates_.clear();
  for (const auto& kv : answer->kvs()) candidates_[kv.create_revision()] = kv;
  unread_.Clear();
  *unread_.mutable_header() = answer->header();
  next_event_ = 0;
  absl::MutexLock lock(&mutex_);
  watcher_ = std::make_unique<Watcher>(client_, WatchOf(keys_, answer->header().revision() + 1));
  if (cancelled_) watcher_->Cancel();
  return absl::OkStatus();
}

std::optional<Leader> LeaderObserver::News(const etcdserverpb::ResponseHeader& header) {
  if (candidates_.empty()) return std::nullopt;
  const mvccpb::KeyValue& leader = candidates_.begin()->second;
  if (leader.mod_revision() == told_mod_revision_) return std::nullopt;
  told_mod_revision_ = leader.mod_revision();
  return Leader{header, leader};
}

}  // namespace stele::client
