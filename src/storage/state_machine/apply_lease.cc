// LeaseGrant and LeaseRevoke.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/raft/check.h"
#include "src/storage/mutation.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/state_machine/apply_pass.h"

namespace stele::storage {

namespace {
constexpr std::int64_t kTtlSecondsMax = 9'000'000'000;
}

absl::Status ApplyLeaseGrant(ApplyPass& pass, const stelepb::LeaseGrant& grant,
                             etcdserverpb::LeaseGrantResponse* response) {
  if (grant.id() == 0) return LeaseNotFoundError();
  if (grant.ttl_seconds() > kTtlSecondsMax) return LeaseTtlTooLargeError();
  if (pass.leases.Contains(grant.id())) return LeaseExistsError();
  const std::int64_t ttl_seconds = std::max<std::int64_t>(grant.ttl_seconds(), 1);
  pass.leases.Grant(grant.id(), ttl_seconds, &pass.batch);
  pass.output.lease_changes.push_back({LeaseChange::Kind::kGranted, grant.id(), ttl_seconds});
  response->set_id(grant.id());
  response->set_ttl(ttl_seconds);
  return absl::OkStatus();
}

absl::Status ApplyLeaseRevoke(ApplyPass& pass, raft::Term entry_term,
                              const stelepb::LeaseRevoke& revoke) {
  // A leader's opinion that time is over dies with its term.
  const bool is_stale =
      revoke.expired_in_term() != 0 && revoke.expired_in_term() != entry_term.value;
  if (is_stale && !Planted(Mutation::kStaleExpiryCounts)) {
    return NotLeaderError();
  }
  if (!pass.leases.Contains(revoke.id())) return LeaseNotFoundError();
  absl::StatusOr<std::vector<std::string>> keys = pass.writes.LeaseKeys(revoke.id());
  if (!keys.ok()) return keys.status();
  for (const std::string& key : *keys) {
    absl::StatusOr<std::optional<KeyMeta>> meta = pass.writes.Find(key);
    if (!meta.ok()) return meta.status();
    STELE_CHECK(meta->has_value());
    STELE_CHECK((*meta)->lease == revoke.id());
    pass.writes.Delete(key, **meta);
  }
  pass.leases.Revoke(revoke.id(), &pass.batch);
  pass.output.lease_changes.push_back({LeaseChange::Kind::kRevoked, revoke.id(), 0});
  return absl::OkStatus();
}

}  // namespace stele::storage
