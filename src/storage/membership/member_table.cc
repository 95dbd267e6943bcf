#include "src/storage/membership/member_table.h"

#include <memory>
#include <string>

#include "src/storage/mvcc/meta_keys.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {
namespace {

absl::StatusOr<std::vector<stelepb::MemberRecord>> ReadRecords(const EngineSnapshot& snapshot,
                                                               char table) {
  const std::unique_ptr<Iterator> iterator = snapshot.NewIterator(Family::kMeta, TableEnd(table));
  std::vector<stelepb::MemberRecord> members;
  for (iterator->Seek(TableKey(table, 0)); iterator->Valid(); iterator->Next()) {
    const std::string_view bytes = iterator->value();
    if (!members.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return DamagedRecord("member");
    }
  }
  if (!iterator->status().ok()) return iterator->status();
  return members;
}

}  // namespace

absl::StatusOr<std::optional<stelepb::MemberRecord>> ReadMember(const EngineSnapshot& snapshot,
                                                                std::uint64_t id) {
  absl::StatusOr<std::optional<std::string>> bytes =
      snapshot.Get(Family::kMeta, TableKey(kMemberTable, id));
  if (!bytes.ok()) return bytes.status();
  if (!*bytes) return std::optional<stelepb::MemberRecord>();
  stelepb::MemberRecord member;
  if (!member.ParseFromString(**bytes) || member.id() != id) return DamagedRecord("member");
  return std::optional<stelepb::MemberRecord>(std::move(member));
}

absl::StatusOr<std::vector<stelepb::MemberRecord>> ReadMembers(const EngineSnapshot& snapshot) {
  return ReadRecords(snapshot, kMemberTable);
}

absl::StatusOr<std::vector<stelepb::MemberRecord>> ReadFounders(const EngineSnapshot& snapshot) {
  return ReadRecords(snapshot, kFounderTable);
}

absl::StatusOr<std::vector<std::uint64_t>> ReadRemovedMembers(const EngineSnapshot& snapshot) {
  const std::unique_ptr<Iterator> iterator =
      snapshot.NewIterator(Family::kMeta, TableEnd(kRemovedMemberTable));
  std::vector<std::uint64_t> ids;
  for (iterator->Seek(TableKey(kRemovedMemberTable, 0)); iterator->Valid(); iterator->Next()) {
    ids.push_back(IdOfTableKey(iterator->key()));
  }
  if (!iterator->status().ok()) return iterator->status();
  return ids;
}

void WriteMember(const stelepb::MemberRecord& member, WriteBatch* batch) {
  batch->Put(Family::kMeta, TableKey(kMemberTable, member.id()), member.SerializeAsString());
}

void WriteFounder(const stelepb::MemberRecord& member, WriteBatch* batch) {
  batch->Put(Family::kMeta, TableKey(kFounderTable, member.id()), member.SerializeAsString());
}

void WriteRemoval(std::uint64_t id, WriteBatch* batch) {
  batch->Delete(Family::kMeta, TableKey(kMemberTable, id));
  batch->Put(Family::kMeta, TableKey(kRemovedMemberTable, id), "");
}

}  // namespace stele::storage
