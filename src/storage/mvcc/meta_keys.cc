#include "src/storage/mvcc/meta_keys.h"

#include "src/raft/check.h"
#include "src/storage/mvcc/key_codec.h"

namespace stele::storage {

std::string TableKey(char table, std::uint64_t id) {
  std::string key(1, table);
  AppendBigEndian64(id, &key);
  return key;
}

std::string TableEnd(char table) { return std::string(1, static_cast<char>(table + 1)); }

std::uint64_t IdOfTableKey(std::string_view key) {
  STELE_CHECK(key.size() >= 9);
  return LoadBigEndian64(key.data() + 1);
}

}  // namespace stele::storage
