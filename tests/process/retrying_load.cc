#include "tests/process/retrying_load.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>

namespace stele::process {
namespace {

constexpr char kPrefix[] = "retrying/";
constexpr char kPrefixEnd[] = "retrying0";

}  // namespace

RetryingLoad::RetryingLoad(const std::vector<std::string>& addresses, Options options)
    : options_(options) {
  SetAddresses(addresses);
  for (int i = 0; i < options_.writers; ++i) threads_.emplace_back([this, i] { RunWriter(i); });
}

RetryingLoad::~RetryingLoad() { Stop(); }

void RetryingLoad::SetAddresses(const std::vector<std::string>& addresses) {
  Clients clients;
  const absl::MutexLock lock(&mutex_);
  for (const std::string& address : addresses) {
    const auto known = std::ranges::find_if(
        clients_, [&address](const auto& client) { return client->address() == address; });
    clients.push_back(known != clients_.end() ? *known : std::make_shared<MemberClient>(address));
  }
  clients_ = std::move(clients);
}

RetryingLoad::Clients RetryingLoad::clients() const {
  const absl::MutexLock lock(&mutex_);
  return clients_;
}

bool RetryingLoad::AwaitAcknowledged(std::int64_t count, absl::Duration timeout) const {
  const std::int64_t goal = figures().acknowledged + count;
  const absl::Time deadline = absl::Now() + timeout;
  while (figures().acknowledged < goal) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

void RetryingLoad::Stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

RetryingLoad::Figures RetryingLoad::figures() const {
  const absl::MutexLock lock(&mutex_);
  return figures_;
}

void RetryingLoad::RunWriter(int writer) {
  auto next_member = static_cast<std::size_t>(writer);
  for (int count = 0; !stopping_; ++count) {
    WriteOnce(absl::StrCat(kPrefix, writer, "/", count), &next_member);
  }
}

void RetryingLoad::WriteOnce(const std::string& key, std::size_t* next_member) {
  etcdserverpb::PutRequest put;
  put.set_key(key);
  put.set_value(key);
  const absl::Time start = absl::Now();
  for (int tries = 1;; ++tries) {
    const Clients members = clients();
    const auto reply = members[*next_member % members.size()]->Put(put, options_.try_timeout);
    const absl::Duration lasted = absl::Now() - start;
    const bool gives_up = !reply.ok() && lasted > options_.give_up_after;
    if (reply.ok() || gives_up) {
      const absl::MutexLock lock(&mutex_);
      if (reply.ok()) revisions_[key] = reply->header().revision();
      figures_.acknowledged += reply.ok() ? 1 : 0;
      figures_.failed += gives_up ? 1 : 0;
      figures_.retried += tries > 1 ? 1 : 0;
      figures_.slowest = std::max(figures_.slowest, lasted);
      return;
    }
    ++*next_member;
    absl::SleepFor(absl::Milliseconds(10));  // The pace of the tries.
  }
}

std::int64_t RetryingLoad::CountLost(MemberClient& member) const {
  etcdserverpb::RangeRequest request;
  request.set_key(kPrefix);
  request.set_range_end(kPrefixEnd);
  const auto reply = member.Range(request, absl::Seconds(10));
  std::map<std::string, std::int64_t> present;
  if (reply.ok()) {
    for (const auto& kv : reply->kvs()) {
      if (kv.value() == kv.key()) present[kv.key()] = kv.mod_revision();
    }
  }
  const absl::MutexLock lock(&mutex_);
  return std::ranges::count_if(revisions_, [&present](const auto& acknowledged) {
    const auto found = present.find(acknowledged.first);
    // A repetition may have written the same again, later.
    return found == present.end() || found->second < acknowledged.second;
  });
}

}  // namespace stele::process
