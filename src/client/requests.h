// What to read, write and delete, in words: ranges of keys, options, and the requests they make.
// Pure.
//
//   client.Get(KeyRange::Prefix("jobs/"), {.limit = 10});
//   client.Put(PutOf("job", "running", {.lease = id, .prev_kv = true}));
#pragma once

#include <cstdint>
#include <string>

#include "proto/rpc.pb.h"

namespace stele::client {

// The keys from `key` up to, but without, `end`, as they go onto the wire: an empty end means the
// one key, an end of one zero byte means no end.
struct KeyRange {
  std::string key;
  std::string end;

  static KeyRange One(std::string key) { return {std::move(key), ""}; }
  static KeyRange Between(std::string first, std::string behind_last) {
    return {std::move(first), std::move(behind_last)};
  }
  static KeyRange Prefix(const std::string& prefix);  // an empty prefix: all keys
  static KeyRange From(const std::string& first);
  static KeyRange All() { return Prefix(""); }
};

// The `range_end` that makes a range of all keys starting with `prefix`.
std::string PrefixRangeEnd(std::string prefix);

struct GetOptions {
  int64_t limit = 0;     // 0: no limit
  int64_t revision = 0;  // 0: the newest
  bool keys_only = false;
  bool count_only = false;
  bool serializable = false;  // what one member knows, perhaps stale, even without a quorum
  etcdserverpb::RangeRequest::SortOrder order = etcdserverpb::RangeRequest::NONE;
  etcdserverpb::RangeRequest::SortTarget sort_by = etcdserverpb::RangeRequest::KEY;
  // Only keys whose revisions lie within these bounds, both included; 0: no bound.
  int64_t min_mod_revision = 0;
  int64_t max_mod_revision = 0;
  int64_t min_create_revision = 0;
  int64_t max_create_revision = 0;
};

struct PutOptions {
  int64_t lease = 0;
  bool prev_kv = false;       // answer with the pair that was replaced
  bool ignore_value = false;  // keep the value, for a key that exists
  bool ignore_lease = false;  // keep the lease, for a key that exists
};

struct DeleteOptions {
  bool prev_kv = false;  // answer with the pairs that were deleted
};

etcdserverpb::RangeRequest GetOf(const KeyRange& range, const GetOptions& options = {});
etcdserverpb::PutRequest PutOf(const std::string& key, const std::string& value,
                               const PutOptions& options = {});
etcdserverpb::DeleteRangeRequest DeleteOf(const KeyRange& range, const DeleteOptions& options = {});

// A watch of the range from `start_revision` on; 0: from now on.
etcdserverpb::WatchCreateRequest WatchOf(const KeyRange& range, int64_t start_revision = 0);

}  // namespace stele::client
