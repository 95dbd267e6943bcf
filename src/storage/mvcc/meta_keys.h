// The keys of kMeta. The first byte names the table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stele::storage {

inline constexpr std::string_view kStateKey = "S";  // stored_state.h
inline constexpr char kLeaseTable = 'L';            // id (8) -> stelepb::LeaseRecord
inline constexpr char kAttachmentTable = 'A';       // lease id (8), user's key -> nothing
inline constexpr char kMemberTable = 'M';           // id (8) -> stelepb::MemberRecord
inline constexpr char kRemovedMemberTable = 'R';    // id (8) -> nothing
inline constexpr char kFounderTable = 'F';          // id (8) -> stelepb::MemberRecord
inline constexpr char kAlarmTable = 'N';            // kind (4), member id (8) -> AlarmMember

// The table's byte and the id, big-endian.
std::string TableKey(char table, std::uint64_t id);
// Exclusive end of a table.
std::string TableEnd(char table);
// REQUIRES: `key` came from TableKey
std::uint64_t IdOfTableKey(std::string_view key);

}  // namespace stele::storage
