#include "src/storage/mvcc/compare.h"

#include <compare>
#include <memory>
#include <string>

namespace stele::storage {

namespace {

using etcdserverpb::Compare;

bool Satisfies(Compare::CompareResult wanted, std::strong_ordering found) {
  switch (wanted) {
    case Compare::EQUAL:
      return std::is_eq(found);
    case Compare::NOT_EQUAL:
      return std::is_neq(found);
    case Compare::GREATER:
      return std::is_gt(found);
    case Compare::LESS:
      return std::is_lt(found);
    default:
      return true;  // an operator that nobody knows does not constrain
  }
}

bool CompareMeta(const KeyMeta& meta, const Compare& compare) {
  std::strong_ordering found = std::strong_ordering::equal;
  switch (compare.target()) {
    case Compare::VERSION:
      found = meta.version <=> compare.version();
      break;
    case Compare::CREATE:
      found = meta.create_revision <=> compare.create_revision();
      break;
    case Compare::MOD:
      found = meta.mod.main <=> compare.mod_revision();
      break;
    case Compare::LEASE:
      found = meta.lease <=> compare.lease();
      break;
    default:
      break;
  }
  return Satisfies(compare.result(), found);
}

absl::StatusOr<bool> CompareKey(const KeySource& source, std::string_view key, const KeyMeta& meta,
                                const Compare& compare) {
  if (compare.target() != Compare::VALUE) return CompareMeta(meta, compare);
  mvccpb::KeyValue kv;
  absl::Status status = source.Load(key, meta, &kv);
  if (!status.ok()) return status;
  return Satisfies(compare.result(), kv.value().compare(compare.value()) <=> 0);
}

bool CompareMissing(const Compare& compare) {
  return compare.target() != Compare::VALUE && CompareMeta(KeyMeta{}, compare);
}

}  // namespace

absl::StatusOr<bool> EvaluateCompare(const KeySource& source, const Compare& compare) {
  const KeyInterval interval(compare.key(), compare.range_end());
  if (interval.IsEmpty()) return CompareMissing(compare);
  if (interval.IsSingle()) {
    absl::StatusOr<std::optional<KeyMeta>> meta = source.Find(compare.key());
    if (!meta.ok()) return meta.status();
    if (!*meta) return CompareMissing(compare);
    return CompareKey(source, compare.key(), **meta, compare);
  }
  const std::unique_ptr<KeyCursor> cursor = source.Scan(interval);
  if (!cursor->Valid() && cursor->status().ok()) return CompareMissing(compare);
  for (; cursor->Valid(); cursor->Next()) {
    absl::StatusOr<bool> result = CompareKey(source, cursor->key(), cursor->meta(), compare);
    if (!result.ok() || !*result) return result;
  }
  if (!cursor->status().ok()) return cursor->status();
  return true;
}

}  // namespace stele::storage
