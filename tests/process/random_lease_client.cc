#include "tests/process/random_lease_client.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "tests/history/wire_records.h"
#include "tests/process/load_keys.h"
#include "tests/process/random_kv_client.h"

namespace stele::process {
namespace {

using history::LeaseRequest;
using history::Outcome;

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr absl::Duration kTimeout = absl::Seconds(3);
constexpr std::size_t kLeasesAtOnce = 6;
constexpr std::int64_t kIdsOfEach = 1'000'000;

}  // namespace

RandomLeaseClient::RandomLeaseClient(int number, std::uint64_t seed, RandomScene* scene)
    : scene_(scene),
      random_(seed, "lease client", static_cast<std::uint64_t>(number)),
      draw_({.value_prefix = absl::StrCat("l", number, "-"), .keys = 30, .value_bytes_max = 40},
            &random_),
      choice_(scene->addresses(), number),
      next_id_((number + 1) * kIdsOfEach),
      thread_([this] { Run(); }) {}

RandomLeaseClient::~RandomLeaseClient() {
  if (thread_.joinable()) thread_.join();
}

void RandomLeaseClient::Run() {
  while (!scene_->stopped()) {
    if (leases_.size() < kLeasesAtOnce) Grant();
    const auto next = std::ranges::min_element(leases_, {}, &Lease::due_ns);
    const std::int64_t wait = next == leases_.end() ? kSecondNs / 10 : next->due_ns - MonotonicNs();
    if (!scene_->Rest(absl::Nanoseconds(std::clamp<std::int64_t>(wait, 0, kSecondNs / 10)))) return;
    if (next == leases_.end() || next->due_ns > MonotonicNs()) continue;
    if (random_.Chance(0.5)) choice_.Move(&random_);
    if (!Attend(&*next)) leases_.erase(next);
  }
}

void RandomLeaseClient::Note(LeaseRequest request, const absl::Status& status,
                             std::int64_t ttl_seconds) {
  request.end = MonotonicNs();
  request.ttl = ttl_seconds * kSecondNs;
  history::Operation outcome;
  if (!status.ok()) history::NoteError(status, &outcome);
  request.outcome = status.ok() ? Outcome::kAcknowledged : outcome.outcome;
  if (!status.ok() && CertainlyRefused(status)) request.outcome = Outcome::kRefused;
  requests_.push_back(request);
}

void RandomLeaseClient::Grant() {
  Lease lease{.id = next_id_++,
              .ttl_seconds = random_.Between(1, kLongestTtlSeconds),
              .renewals_left = random_.Below(6)};
  const LeaseRequest noted{
      .kind = LeaseRequest::Kind::kGrant, .id = lease.id, .start = MonotonicNs()};
  const auto granted = choice_.client().LeaseGrant(lease.ttl_seconds, kTimeout, lease.id);
  Note(noted, granted.status(), granted.ok() ? granted->ttl() : 0);
  if (!granted.ok()) {
    choice_.Move(&random_);
    return;
  }
  lease.ttl_seconds = granted->ttl();
  scene_->AddLease(lease.id);
  for (std::uint64_t i = random_.Below(4); i > 0; --i) PutOn(lease);
  Plan(&lease);
  leases_.push_back(lease);
}

void RandomLeaseClient::PutOn(const Lease& lease) {
  history::Operation put = draw_.NextOnLease(lease.id, {scene_->known_revision(), {}});
  Perform(&choice_, scene_, kTimeout, &put);
  puts_.push_back(std::move(put));
}

void RandomLeaseClient::Plan(Lease* lease) {
  const auto ttl = static_cast<double>(lease->ttl_seconds * kSecondNs);
  // Mostly in time, now and then too late.
  const double part =
      lease->renewals_left > 0 ? 0.2 + 0.9 * random_.Fraction() : random_.Fraction();
  lease->due_ns = MonotonicNs() + static_cast<std::int64_t>(ttl * part);
}

bool RandomLeaseClient::Attend(Lease* lease) {
  if (random_.Chance(0.2)) LookAt(*lease);
  if (lease->renewals_left > 0) return Renew(lease);
  if (random_.Chance(0.4)) Revoke(*lease);
  return false;
}

bool RandomLeaseClient::Renew(Lease* lease) {
  --lease->renewals_left;
  const LeaseRequest noted{
      .kind = LeaseRequest::Kind::kRenew, .id = lease->id, .start = MonotonicNs()};
  const auto renewed = choice_.client().KeepAliveOnce(lease->id, kTimeout);
  Note(noted, renewed.status(), renewed.ok() ? renewed->ttl() : 0);
  if (renewed.ok() && renewed->ttl() == 0) return false;
  Plan(lease);
  return true;
}

void RandomLeaseClient::Revoke(const Lease& lease) {
  const LeaseRequest noted{
      .kind = LeaseRequest::Kind::kRevoke, .id = lease.id, .start = MonotonicNs()};
  Note(noted, choice_.client().LeaseRevoke(lease.id, kTimeout).status(), 0);
}

void RandomLeaseClient::LookAt(const Lease& lease) {
  // What is left of it is nobody's promise; it is asked for to disturb the others.
  (void)choice_.client().LeaseTimeToLive(lease.id, random_.Chance(0.5), kTimeout);
}

void RandomLeaseClient::TakeRecords(history::History* history) {
  thread_.join();
  std::ranges::move(requests_, std::back_inserter(history->lease_requests));
  std::ranges::move(puts_, std::back_inserter(history->operations));
}

}  // namespace stele::process
