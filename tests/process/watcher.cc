#include "tests/process/watcher.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

#include "tests/history/wire_records.h"
#include "tests/process/load_keys.h"
#include "tests/process/member_stubs.h"

namespace stele::process {

Watcher::Watcher(std::string name, const std::vector<std::string>& addresses, Options options)
    : options_(options) {
  for (const std::string& address : addresses) {
    clients_.push_back(std::make_unique<MemberClient>(address));
  }
  {
    const absl::MutexLock lock(&mutex_);
    record_.name = std::move(name);
    record_.key = kLoadPrefix;
    record_.range_end = kLoadPrefixEnd;
    record_.with_previous = options_.with_previous;
  }
  thread_ = std::thread([this] { Run(); });
}

Watcher::~Watcher() { Stop(); }

void Watcher::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

bool Watcher::AwaitRevision(std::int64_t revision, absl::Duration timeout) {
  const absl::MutexLock lock(&mutex_);
  auto arrived = [this, revision]()
                     ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return last_revision_ >= revision; };
  return mutex_.AwaitWithTimeout(absl::Condition(&arrived), timeout);
}

std::int64_t Watcher::resumptions() const {
  const absl::MutexLock lock(&mutex_);
  return streams_ - 1;
}

history::WatchRecord Watcher::TakeRecord() {
  const absl::MutexLock lock(&mutex_);
  return std::move(record_);
}

void Watcher::Run() {
  std::size_t member = options_.first_member;
  while (true) {
    WatchMember(*clients_[member]);
    if (!options_.stays) member = (member + 1) % clients_.size();
    // A member that is down refuses at once; do not hammer it.
    const absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::Milliseconds(20))) return;
  }
}

void Watcher::WatchMember(MemberClient& client) {
  grpc::ClientContext context;
  etcdserverpb::WatchRequest request;
  {
    const absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    context_ = &context;
    etcdserverpb::WatchCreateRequest& create = *request.mutable_create_request();
    create.set_key(kLoadPrefix);
    create.set_range_end(kLoadPrefixEnd);
    create.set_start_revision(last_revision_ + 1);
    create.set_prev_kv(options_.with_previous);
    record_.sessions.push_back({.start_revision = last_revision_ + 1});
  }
  client.stubs().AdvanceConnection();
  auto stream = client.stubs().watch->Watch(&context);
  stream->Write(request);
  etcdserverpb::WatchResponse response;
  while (stream->Read(&response)) {
    Note(response);
    if (response.canceled()) {
      complaints_.push_back(absl::StrCat("canceled: ", response.cancel_reason()));
      context.TryCancel();
    }
  }
  stream->Finish();
  const absl::MutexLock lock(&mutex_);
  context_ = nullptr;
}

void Watcher::Note(const etcdserverpb::WatchResponse& response) {
  const absl::MutexLock lock(&mutex_);
  if (response.created()) ++streams_;
  history::WatchResponse noted{.revision = response.header().revision(),
                               .compact_revision = response.compact_revision(),
                               .time = MonotonicNs()};
  using Kind = history::WatchResponse::Kind;
  if (response.created()) noted.kind = Kind::kCreated;
  if (response.canceled()) noted.kind = Kind::kCanceled;
  for (const mvccpb::Event& event : response.events()) {
    noted.events.push_back(history::ToEventRecord(event));
    last_revision_ = std::max(last_revision_, event.kv().mod_revision());
  }
  record_.sessions.back().responses.push_back(std::move(noted));
}

}  // namespace stele::process
