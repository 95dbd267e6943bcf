// Answers a RangeRequest from a source of keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/rpc.pb.h"
#include "src/storage/engine/engine.h"
#include "src/storage/mvcc/key_source.h"

namespace stele::storage {

// Fills kvs, more and count. The request's revision is the source's affair. Values are read only
// for what is returned (or sorted by value): counting reads none.
absl::Status EvaluateRange(const KeySource& source, const etcdserverpb::RangeRequest& request,
                           etcdserverpb::RangeResponse* response);

// Appends the same answer in its wire form, byte for byte.
absl::Status EncodeRange(const KeySource& source, const etcdserverpb::RangeRequest& request,
                         std::string* out);

// See ReadView::RangePage.
absl::Status EvaluateRangePage(const KeySource& source, const etcdserverpb::RangeRequest& request,
                               std::int64_t keys_max, std::size_t bytes_max,
                               etcdserverpb::RangeResponse* response, bool* more);

// Compacted or future, or ok. `revision` <= 0 means the newest.
absl::Status CheckReadableRevision(std::int64_t revision, std::int64_t current_revision,
                                   std::int64_t compact_revision);

}  // namespace stele::storage
