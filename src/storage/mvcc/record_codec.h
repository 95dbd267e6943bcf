// What the engine's values hold (docs/store.md has the byte tables).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "proto/mvcc.pb.h"
#include "src/storage/mvcc/revision.h"

namespace stele::storage {

// All of a live version of a key but its bytes.
struct KeyMeta {
  Revision mod;
  std::int64_t create_revision = 0;
  std::int64_t version = 0;
  std::int64_t lease = 0;

  friend bool operator==(const KeyMeta&, const KeyMeta&) = default;
};

// Value of kKey. Replaces `out`.
void EncodeKeyMeta(const KeyMeta& meta, std::string* out);
[[nodiscard]] bool DecodeKeyMeta(std::string_view bytes, KeyMeta* meta);

// Value of kHistory: a superseded version (its mod revision is in the engine key) or a tombstone.
inline constexpr std::string_view kTombstoneMark{};
void EncodeHistoryMeta(const KeyMeta& meta, std::string* out);
[[nodiscard]] bool DecodeHistoryMeta(std::string_view bytes, Revision mod, bool* tombstone,
                                     KeyMeta* meta);

// Value of kRev: one change. `key` and `value` point into the bytes that were decoded. `prev` is
// the version that this change superseded; none when it created the key.
struct ChangeRecord {
  bool tombstone = false;
  KeyMeta meta;  // of a tombstone only `mod` counts
  Revision prev;
  std::string_view key;
  std::string_view value;
};

void EncodeChange(const ChangeRecord& change, std::string* out);
// `mod` is the engine key's revision.
[[nodiscard]] bool DecodeChange(std::string_view bytes, Revision mod, ChangeRecord* change);

// What a client sees of a version, without the value.
void FillKeyValue(std::string_view key, const KeyMeta& meta, mvccpb::KeyValue* kv);

// What to answer when stored bytes make no sense: the engine's checksums should have caught it.
absl::Status DamagedRecord(const std::string& what);

}  // namespace stele::storage
