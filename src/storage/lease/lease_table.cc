#include "src/storage/lease/lease_table.h"

#include <memory>
#include <string>

#include "proto/command.pb.h"
#include "src/raft/check.h"
#include "src/storage/mvcc/meta_keys.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {

namespace {

std::string LeaseKey(std::int64_t id) {
  return TableKey(kLeaseTable, static_cast<std::uint64_t>(id));
}

bool ParseLease(std::string_view bytes, LeaseChange* lease) {
  stelepb::LeaseRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  lease->kind = LeaseChange::Kind::kGranted;
  lease->id = record.id();
  lease->ttl_seconds = record.granted_ttl_seconds();
  return true;
}

}  // namespace

absl::Status LeaseTable::Open(const EngineSnapshot& snapshot) {
  absl::StatusOr<std::vector<LeaseChange>> leases = ReadLeases(snapshot);
  if (!leases.ok()) return leases.status();
  ttl_seconds_.clear();
  for (const LeaseChange& lease : *leases) ttl_seconds_.emplace(lease.id, lease.ttl_seconds);
  return absl::OkStatus();
}

void LeaseTable::Grant(std::int64_t id, std::int64_t ttl_seconds, WriteBatch* batch) {
  const bool inserted = ttl_seconds_.emplace(id, ttl_seconds).second;
  STELE_CHECK(inserted);
  stelepb::LeaseRecord record;
  record.set_id(id);
  record.set_granted_ttl_seconds(ttl_seconds);
  batch->Put(Family::kMeta, LeaseKey(id), record.SerializeAsString());
}

void LeaseTable::Revoke(std::int64_t id, WriteBatch* batch) {
  const std::size_t erased = ttl_seconds_.erase(id);
  STELE_CHECK(erased == 1);
  batch->Delete(Family::kMeta, LeaseKey(id));
}

absl::StatusOr<std::optional<LeaseChange>> ReadLease(const EngineSnapshot& snapshot,
                                                     std::int64_t id) {
  absl::StatusOr<std::optional<std::string>> bytes = snapshot.Get(Family::kMeta, LeaseKey(id));
  if (!bytes.ok()) return bytes.status();
  if (!*bytes) return std::optional<LeaseChange>();
  LeaseChange lease;
  if (!ParseLease(**bytes, &lease) || lease.id != id) return DamagedRecord("lease");
  return std::optional<LeaseChange>(lease);
}

absl::StatusOr<std::vector<LeaseChange>> ReadLeases(const EngineSnapshot& snapshot) {
  const std::unique_ptr<Iterator> iterator =
      snapshot.NewIterator(Family::kMeta, TableEnd(kLeaseTable));
  std::vector<LeaseChange> leases;
  for (iterator->Seek(TableKey(kLeaseTable, 0)); iterator->Valid(); iterator->Next()) {
    if (!ParseLease(iterator->value(), &leases.emplace_back())) return DamagedRecord("lease");
  }
  if (!iterator->status().ok()) return iterator->status();
  return leases;
}

}  // namespace stele::storage
