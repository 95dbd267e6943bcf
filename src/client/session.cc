#include "src/client/session.h"

#include <utility>

namespace stele::client {

absl::StatusOr<std::unique_ptr<Session>> Session::Create(Client& client, SessionOptions options) {
  // Counted from before the question: the server's clock for the lease starts later.
  const absl::Time asked_at = absl::Now();
  int64_t ttl_seconds = options.ttl_seconds;
  int64_t lease_id = options.lease_id;
  if (lease_id == 0) {
    auto granted = client.LeaseGrant(options.ttl_seconds);
    if (!granted.ok()) return granted.status();
    lease_id = granted->id();
    ttl_seconds = granted->ttl();
  }
  return std::unique_ptr<Session>(new Session(client, lease_id, ttl_seconds, asked_at));
}

Session::Session(Client& client, int64_t lease_id, int64_t ttl_seconds, absl::Time granted_at)
    : client_(client), lease_id_(lease_id) {
  KeepAliveOptions options;
  options.certain_until = granted_at + absl::Seconds(ttl_seconds);
  options.on_lost = [this](const absl::Status& reason) { End(reason); };
  absl::MutexLock lock(&keep_alive_mutex_);
  keep_alive_ = std::make_unique<KeepAlive>(client, lease_id, std::move(options));
}

Session::~Session() { Close().IgnoreError(); }

absl::Status Session::Failure() const {
  absl::MutexLock lock(&mutex_);
  return failure_;
}

bool Session::WaitUntilOver(absl::Time deadline) const {
  absl::MutexLock lock(&mutex_);
  const auto over = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !failure_.ok(); };
  return mutex_.AwaitWithDeadline(absl::Condition(&over), deadline);
}

absl::Status Session::Close() {
  const bool first = End(absl::CancelledError("the session was closed"));
  {
    absl::MutexLock lock(&keep_alive_mutex_);
    if (keep_alive_ == nullptr) return absl::OkStatus();
    keep_alive_.reset();
  }
  const absl::Status revoked = client_.LeaseRevoke(lease_id_).status();
  return !first || absl::IsNotFound(revoked) ? absl::OkStatus() : revoked;
}

void Session::Abandon() {
  End(absl::CancelledError("the session was abandoned"));
  absl::MutexLock lock(&keep_alive_mutex_);
  keep_alive_.reset();
}

bool Session::End(const absl::Status& reason) {
  absl::MutexLock lock(&mutex_);
  if (!failure_.ok()) return false;
  failure_ = reason;
  for (const auto& [number, notice] : notices_) notice();
  return true;
}

Session::OverNotice::OverNotice(const Session& session, std::function<void()> notice)
    : session_(session) {
  absl::MutexLock lock(&session.mutex_);
  if (!session.failure_.ok()) notice();
  number_ = session.next_notice_++;
  session.notices_[number_] = std::move(notice);
}

Session::OverNotice::~OverNotice() {
  absl::MutexLock lock(&session_.mutex_);
  session_.notices_.erase(number_);
}

}  // namespace stele::client
