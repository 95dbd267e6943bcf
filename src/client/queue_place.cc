#include "src/client/queue_place.h"

#include "absl/strings/str_cat.h"
#include "src/client/txn_builder.h"
#include "src/client/watcher.h"

namespace stele::client {
namespace {

using etcdserverpb::RangeRequest;

}  // namespace

QueuePlace::QueuePlace(Session& session, const std::string& name)
    : session_(session),
      queue_(KeysOf(name)),
      key_(absl::StrCat(name, "/", absl::Hex(session.lease_id()))) {}

KeyRange QueuePlace::KeysOf(const std::string& name) {
  return KeyRange::Prefix(absl::StrCat(name, "/"));
}

absl::StatusOr<bool> QueuePlace::Enter(const std::string& value) {
  if (const absl::Status over = session_.Failure(); !over.ok()) return over;
  const RangeRequest oldest =
      GetOf(queue_, {.limit = 1, .order = RangeRequest::ASCEND, .sort_by = RangeRequest::CREATE});
  auto answer = TxnBuilder()
                    .When(CreateRevisionOf(key_) == 0)
                    .Then(PutOf(key_, value, {.lease = session_.lease_id()}))
                    .Then(oldest)
                    .Else(GetOf(KeyRange::One(key_)))
                    .Else(oldest)
                    .Commit(session_.client());
  if (!answer.ok()) return Explained(answer.status());
  if (answer->succeeded()) {
    create_revision_ = answer->header().revision();
    value_in_place_ = value;
  } else {
    const mvccpb::KeyValue& own = answer->responses(0).response_range().kvs(0);
    create_revision_ = own.create_revision();
    value_in_place_ = own.value();
  }
  const auto& first = answer->responses(1).response_range().kvs();
  return first.empty() || first[0].create_revision() == create_revision_;
}

absl::Status QueuePlace::WaitForTurn(absl::Time deadline) {
  while (true) {
    // Waiting for the next one in front wakes one waiter a turn, not all.
    auto in_front = session_.client().Get(queue_, {.limit = 1,
                                                   .order = RangeRequest::DESCEND,
                                                   .sort_by = RangeRequest::CREATE,
                                                   .max_create_revision = create_revision_ - 1});
    if (!in_front.ok()) return Explained(in_front.status());
    if (in_front->kvs().empty()) break;
    absl::Status gone =
        WaitForDeletion(in_front->kvs(0).key(), in_front->header().revision(), deadline);
    if (!gone.ok()) return gone;
  }
  // The wait may have been longer than the lease's life.
  auto own = session_.client().Get(key_);
  if (absl::IsNotFound(own.status()) || (own.ok() && own->create_revision() != create_revision_)) {
    create_revision_ = 0;
    return Explained(absl::NotFoundError("the place in the queue is gone"));
  }
  return Explained(own.status());
}

absl::Status QueuePlace::WaitForDeletion(const std::string& key, int64_t revision,
                                         absl::Time deadline) {
  Watcher watcher(session_.client(), WatchOf(KeyRange::One(key), revision + 1));
  const Session::OverNotice stop(session_, [&watcher] { watcher.Cancel(); });
  while (true) {
    auto response = watcher.Next(deadline);
    if (!response.ok()) return Explained(response.status());
    // A compaction has passed the watch by: whoever asked looks again who is in front.
    if (response->canceled()) return absl::OkStatus();
    for (const auto& event : response->events()) {
      if (event.type() == mvccpb::Event::DELETE) return absl::OkStatus();
    }
  }
}

absl::Status QueuePlace::Leave() {
  if (create_revision_ == 0) return absl::OkStatus();
  // Only the place that was taken: another owner of the lease may have made a new one since.
  const auto left =
      TxnBuilder().When(StillThere()).Then(DeleteOf(KeyRange::One(key_))).Commit(session_.client());
  if (left.ok()) create_revision_ = 0;
  return left.status();
}

etcdserverpb::Compare QueuePlace::StillThere() const {
  return CreateRevisionOf(key_) == create_revision_;
}

absl::Status QueuePlace::Explained(const absl::Status& status) const {
  if (status.ok()) return status;
  const absl::Status over = session_.Failure();
  return over.ok() ? status : over;
}

}  // namespace stele::client
