#include "src/server/api/queue_entry.h"

#include <limits>
#include <utility>
#include <variant>

#include "src/raft/check.h"
#include "src/server/api/queue_keys.h"
#include "src/storage/state_machine/command_cost.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;

constexpr std::int64_t kSessionTtlSeconds = 60;

absl::Status SupersededError() { return absl::UnknownError("election: not leader"); }

}  // namespace

void WithSessionLease(const ClientPorts& ports, std::int64_t lease,
                      absl::AnyInvocable<void(absl::StatusOr<std::int64_t>)> done) {
  if (lease != 0) return done(lease);
  while (lease == 0) {
    lease = static_cast<std::int64_t>(ports.random() & std::numeric_limits<std::int64_t>::max());
  }
  stelepb::Command command;
  command.mutable_lease_grant()->set_id(lease);
  command.mutable_lease_grant()->set_ttl_seconds(kSessionTtlSeconds);
  ports.proposer->Propose(
      &command, [lease, done = std::move(done)](const storage::CommandResult& result) mutable {
        if (!result.status.ok()) return done(result.status);
        done(lease);
      });
}

QueueEntry::QueueEntry(QueuePorts ports, std::shared_ptr<Call> call, Wish wish, AtHead at_head)
    : ports_(std::move(ports)),
      call_(std::move(call)),
      wish_(std::move(wish)),
      prefix_(QueuePrefix(wish_.name)),
      at_head_(std::move(at_head)) {}

void QueueEntry::Join(const QueuePorts& ports, std::shared_ptr<Call> call, Wish wish,
                      AtHead at_head) {
  std::shared_ptr<QueueEntry> entry(
      new QueueEntry(ports, std::move(call), std::move(wish), std::move(at_head)));
  entry->call_->NotifyCancelled([entry] { entry->OnCancelled(); });
  WithSessionLease(ports.client, entry->wish_.lease, [entry](absl::StatusOr<std::int64_t> lease) {
    if (!lease.ok()) return entry->call_->Finish(lease.status());
    entry->Enter(*lease);
  });
}

void QueueEntry::Enter(std::int64_t lease) {
  if (call_->ended()) return;
  lease_ = lease;
  key_ = QueueKey(prefix_, lease);
  stelepb::Command command = Enqueue(prefix_, key_, wish_.value, lease);
  if (!ports_.quota->HasRoomFor(storage::CostOf(command))) return ports_.quota->Refuse(call_);
  ports_.client.proposer->Propose(
      &command,
      [self = shared()](const storage::CommandResult& result) { self->OnEntered(result); });
}

void QueueEntry::OnEntered(const storage::CommandResult& result) {
  if (!result.status.ok()) return call_->Finish(result.status);
  const auto& response = std::get<pb::TxnResponse>(result.response);
  STELE_CHECK(response.responses_size() == 2);
  revision_ = result.revision;
  create_revision_ = revision_;
  bool renew_value = false;
  if (!response.succeeded()) {
    const auto& found = response.responses(0).response_range();
    STELE_CHECK(found.kvs_size() == 1);
    create_revision_ = found.kvs(0).create_revision();
    renew_value = wish_.renew_value && found.kvs(0).value() != wish_.value;
  }
  const auto& head = response.responses(1).response_range();
  is_head_ = head.kvs().empty() || head.kvs(0).create_revision() == create_revision_;
  bool cancelled = false;
  {
    const std::lock_guard lock(mutex_);
    owns_key_ = response.succeeded() || !is_head_;
    cancelled = cancelled_;
  }
  if (cancelled) return RemoveKey();
  renew_value ? RenewValue() : Wait();
}

void QueueEntry::RenewValue() {
  stelepb::Command command = PutIfStill(key_, create_revision_, wish_.value, lease_);
  ports_.client.proposer->Propose(
      &command, [self = shared()](const storage::CommandResult& result) {
        if (!result.status.ok()) return self->Leave(result.status);
        const auto& response = std::get<pb::TxnResponse>(result.response);
        response.succeeded() ? self->Wait() : self->Leave(SupersededError());
      });
}

void QueueEntry::Wait() {
  if (is_head_) return OnWaited(absl::OkStatus());
  waited_ = true;
  std::shared_ptr<QueueWait> wait =
      QueueWait::Start(ports_.client.reader, ports_.client.watches, prefix_, create_revision_ - 1,
                       [self = shared()](const absl::Status& status) { self->OnWaited(status); });
  bool cancelled = false;
  {
    const std::lock_guard lock(mutex_);
    wait_ = wait;
    cancelled = cancelled_;
  }
  if (cancelled) wait->Cancel();
}

void QueueEntry::OnWaited(const absl::Status& status) {
  bool cancelled = false;
  {
    const std::lock_guard lock(mutex_);
    wait_.reset();
    cancelled = cancelled_;
  }
  if (cancelled) return RemoveKey();
  if (!status.ok()) return Leave(status);
  at_head_(*this);
}

void QueueEntry::Leave(const absl::Status& status) {
  call_->Finish(status);
  RemoveKey();
}

void QueueEntry::OnCancelled() {
  std::shared_ptr<QueueWait> wait;
  bool is_entered = false;
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    wait = wait_;
    is_entered = owns_key_;
  }
  // Otherwise the step under way will see it.
  if (wait != nullptr) return wait->Cancel();
  if (is_entered) RemoveKey();
}

void QueueEntry::RemoveKey() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(owns_key_, false)) return;
  }
  stelepb::Command command = DeleteIfStill(key_, create_revision_);
  ports_.client.proposer->Propose(&command, [](const storage::CommandResult&) {});
}

}  // namespace stele::server
