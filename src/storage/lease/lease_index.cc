#include "src/storage/lease/lease_index.h"

#include <memory>

#include "src/storage/mvcc/meta_keys.h"

namespace stele::storage {

std::string AttachmentKey(std::int64_t lease, std::string_view key) {
  std::string result = TableKey(kAttachmentTable, static_cast<std::uint64_t>(lease));
  result.append(key);
  return result;
}

absl::StatusOr<std::vector<std::string>> AttachedKeys(const EngineSnapshot& snapshot,
                                                      std::int64_t lease) {
  const std::string prefix = AttachmentKey(lease, "");
  const std::unique_ptr<Iterator> iterator =
      snapshot.NewIterator(Family::kMeta, TableEnd(kAttachmentTable));
  std::vector<std::string> keys;
  for (iterator->Seek(prefix); iterator->Valid(); iterator->Next()) {
    const std::string_view key = iterator->key();
    if (key.substr(0, prefix.size()) != prefix) break;
    keys.emplace_back(key.substr(prefix.size()));
  }
  if (!iterator->status().ok()) return iterator->status();
  return keys;
}

}  // namespace stele::storage
