#include "src/server/lease/lease_deadlines.h"

#include <algorithm>

namespace stele::server {

void LeaseDeadlines::Clear() {
  leases_.clear();
  by_deadline_.clear();
}

void LeaseDeadlines::Grant(std::int64_t id, std::int64_t ttl_seconds, absl::Duration now) {
  auto [entry, inserted] = leases_.try_emplace(id);
  if (!inserted) return;
  entry->second.ttl_seconds = ttl_seconds;
  SetDeadline(id, &entry->second, now + absl::Seconds(ttl_seconds));
}

void LeaseDeadlines::Remove(std::int64_t id) {
  auto entry = leases_.find(id);
  if (entry == leases_.end()) return;
  by_deadline_.erase({entry->second.deadline, id});
  leases_.erase(entry);
}

const LeaseDeadlines::Lease* LeaseDeadlines::Find(std::int64_t id) const {
  auto entry = leases_.find(id);
  return entry == leases_.end() ? nullptr : &entry->second;
}

bool LeaseDeadlines::Renew(std::int64_t id, absl::Duration now) {
  auto entry = leases_.find(id);
  if (entry == leases_.end() || entry->second.expiring) return false;
  SetDeadline(id, &entry->second, now + absl::Seconds(entry->second.ttl_seconds));
  return true;
}

void LeaseDeadlines::ExtendAll(absl::Duration now, absl::Duration grace) {
  for (auto& [id, lease] : leases_) {
    lease.expiring = false;
    SetDeadline(id, &lease,
                std::max(lease.deadline, now + absl::Seconds(lease.ttl_seconds) + grace));
  }
}

void LeaseDeadlines::ExtendLiving(absl::Duration now) {
  for (auto& [id, lease] : leases_) {
    if (lease.expiring) continue;
    SetDeadline(id, &lease, std::max(lease.deadline, now + absl::Seconds(lease.ttl_seconds)));
  }
}

std::vector<std::int64_t> LeaseDeadlines::TakeExpired(absl::Duration now, std::size_t most) {
  std::vector<std::int64_t> expired;
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now && expired.size() < most) {
    expired.push_back(by_deadline_.begin()->second);
    leases_[expired.back()].expiring = true;
    by_deadline_.erase(by_deadline_.begin());
  }
  return expired;
}

void LeaseDeadlines::RetryExpiry(std::int64_t id, absl::Duration retry_at) {
  auto entry = leases_.find(id);
  if (entry == leases_.end() || !entry->second.expiring) return;
  SetDeadline(id, &entry->second, retry_at);
}

std::optional<absl::Duration> LeaseDeadlines::NextDeadline() const {
  if (by_deadline_.empty()) return std::nullopt;
  return by_deadline_.begin()->first;
}

std::vector<std::int64_t> LeaseDeadlines::IdsByDeadline() const {
  std::vector<std::pair<absl::Duration, std::int64_t>> order;
  order.reserve(leases_.size());
  for (const auto& [id, lease] : leases_) order.emplace_back(lease.deadline, id);
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> ids;
  ids.reserve(order.size());
  for (const auto& [deadline, id] : order) ids.push_back(id);
  return ids;
}

void LeaseDeadlines::SetDeadline(std::int64_t id, Lease* lease, absl::Duration deadline) {
  by_deadline_.erase({lease->deadline, id});
  lease->deadline = deadline;
  by_deadline_.emplace(deadline, id);
}

}  // namespace stele::server
