// How engine keys are built, so that the engine's unsigned bytewise order is the order we need.
//
//   kKey      the user's key as it is
//   kHistory  escaped key, 00 01, ~main (8 bytes), ~sub (4 bytes): by key, newest version first
//   kRev      main (8 bytes), sub (4 bytes): by revision
//
// Escaping turns the byte 00 into 00 ff. The terminator 00 01 sorts below every continuation of a
// longer key, so a key sorts before all keys that it is a prefix of. Integers are big-endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "src/storage/mvcc/revision.h"

namespace stele::storage {

// Replace `out`; a caller in a loop reuses its string.
void EncodeRevisionKey(Revision revision, std::string* out);
void EncodeHistoryKey(std::string_view key, Revision revision, std::string* out);

// Less than every history key of `key` and of all greater keys, greater than those of all lesser.
std::string HistoryLowerBound(std::string_view key);

// False: these bytes are no such key (damage).
[[nodiscard]] bool DecodeRevisionKey(std::string_view bytes, Revision* revision);
[[nodiscard]] bool DecodeHistoryKey(std::string_view bytes, std::string* key, Revision* revision);

void AppendBigEndian64(std::uint64_t number, std::string* out);
void AppendBigEndian32(std::uint32_t number, std::string* out);
std::uint64_t LoadBigEndian64(const char* bytes);
std::uint32_t LoadBigEndian32(const char* bytes);

}  // namespace stele::storage
