#include "src/storage/membership/member_table.h"

#include <memory>
#include <string>

#include "src/storage/mvcc/meta_keys.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {

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
  const std::unique_ptr<Iterator> iterator =
      snapshot.NewIterator(Family::kMeta, TableEnd(kMemberTable));
  std::vector<stelepb::MemberRecord> members;
  for (iterator->Seek(TableKey(kMemberTable, 0)); iterator->Valid(); iterator->Next()) {
    const std::string_view bytes = iterator->value();
    if (!members.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return DamagedRecord("member");
    }
  }
  if (!iterator->status().ok()) return iterator->status();
  return members;
}

void WriteMember(const stelepb::MemberRecord& member, WriteBatch* batch) {
  batch->Put(Family::kMeta, TableKey(kMemberTable, member.id()), member.SerializeAsString());
}

}  // namespace stele::storage
