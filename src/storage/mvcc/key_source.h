// The keys as they are, or were, at one revision. What Range and compares are evaluated against,
// whatever stands behind it: an engine snapshot, its history, or uncommitted writes over it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/rpc.pb.h"
#include "src/storage/mvcc/key_interval.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {

using KeyValues = google::protobuf::RepeatedPtrField<mvccpb::KeyValue>;

// Live keys in ascending order. Positioned on the first from the start; key() and meta() are valid
// until Next. Never reads values.
class KeyCursor {
 public:
  virtual ~KeyCursor() = default;
  virtual bool Valid() const = 0;
  virtual void Next() = 0;
  virtual std::string_view key() const = 0;
  virtual const KeyMeta& meta() const = 0;
  // Not ok when reading failed: Valid() is then false and the result must not be used.
  virtual absl::Status status() const = 0;
};

// A key and one of its versions.
struct FoundKey {
  std::string key;
  KeyMeta meta;
};

class KeySource {
 public:
  virtual ~KeySource() = default;
  virtual absl::StatusOr<std::optional<KeyMeta>> Find(std::string_view key) const = 0;
  virtual std::unique_ptr<KeyCursor> Scan(const KeyInterval& interval) const = 0;
  // The number of keys that Scan would show.
  virtual absl::StatusOr<std::int64_t> Count(const KeyInterval& interval) const {
    const std::unique_ptr<KeyCursor> cursor = Scan(interval);
    std::int64_t count = 0;
    for (; cursor->Valid(); cursor->Next()) ++count;
    if (!cursor->status().ok()) return cursor->status();
    return count;
  }
  // The whole version that Find or Scan named by `meta`.
  virtual absl::Status Load(std::string_view key, const KeyMeta& meta,
                            mvccpb::KeyValue* kv) const = 0;
  // The same for many, appended to `kvs` in the order of `found`.
  virtual absl::Status LoadAll(const std::vector<FoundKey>& found, KeyValues* kvs) const {
    for (const FoundKey& element : found) {
      absl::Status status = Load(element.key, element.meta, kvs->Add());
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }
  // The same in the wire form of RangeResponse.kvs.
  virtual absl::Status EncodeAll(const std::vector<FoundKey>& found, std::string* out) const {
    etcdserverpb::RangeResponse response;
    absl::Status status = LoadAll(found, response.mutable_kvs());
    if (status.ok()) response.AppendToString(out);
    return status;
  }
};

}  // namespace stele::storage
