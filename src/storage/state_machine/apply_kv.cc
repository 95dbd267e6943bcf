// Put, DeleteRange and Compact.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/storage/mutation.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/state_machine/apply_pass.h"

namespace stele::storage {

namespace {

absl::Status CheckPut(const ApplyPass& pass, PutPlace place, bool exists,
                      const etcdserverpb::PutRequest& request) {
  if (request.key().empty()) return EmptyKeyError();
  if (request.ignore_value() && !request.value().empty()) return ValueProvidedError();
  if (request.ignore_lease() && request.lease() != 0) return LeaseProvidedError();
  const bool lease_lives = request.lease() == 0 || pass.leases.Contains(request.lease()) ||
                           Planted(Mutation::kPutOnDeadLease);
  const bool keeps_something = request.ignore_value() || request.ignore_lease();
  const bool key_is_missing = keeps_something && !exists;
  if (place == PutPlace::kInTxn && key_is_missing) return KeyNotFoundError();
  if (!lease_lives) return LeaseNotFoundError();
  return key_is_missing ? KeyNotFoundError() : absl::OkStatus();
}

struct DoomedKey {
  std::string key;
  KeyMeta meta;
};

absl::StatusOr<std::vector<DoomedKey>> FindDoomed(const PendingWrites& writes,
                                                  const KeyInterval& interval) {
  std::vector<DoomedKey> doomed;
  if (interval.IsEmpty()) return doomed;
  if (interval.IsSingle()) {
    absl::StatusOr<std::optional<KeyMeta>> meta = writes.Find(interval.begin());
    if (!meta.ok()) return meta.status();
    if (*meta) doomed.push_back({interval.begin(), **meta});
    return doomed;
  }
  const std::unique_ptr<KeyCursor> cursor = writes.Scan(interval);
  for (; cursor->Valid(); cursor->Next()) {
    doomed.push_back({std::string(cursor->key()), cursor->meta()});
  }
  if (!cursor->status().ok()) return cursor->status();
  return doomed;
}

}  // namespace

bool IsEngineFailure(const absl::Status& status) {
  return status.code() == absl::StatusCode::kDataLoss ||
         status.code() == absl::StatusCode::kInternal ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

absl::Status ApplyPut(ApplyPass& pass, PutPlace place, etcdserverpb::PutRequest* request,
                      etcdserverpb::PutResponse* response) {
  absl::StatusOr<std::optional<KeyMeta>> before = pass.writes.Find(request->key());
  if (!before.ok()) return before.status();
  absl::Status checked = CheckPut(pass, place, before->has_value(), *request);
  if (!checked.ok()) return checked;

  mvccpb::KeyValue before_kv;
  if (*before && (request->prev_kv() || request->ignore_value())) {
    absl::Status loaded = pass.writes.Load(request->key(), **before, &before_kv);
    if (!loaded.ok()) return loaded;
  }
  if (*before && request->prev_kv()) *response->mutable_prev_kv() = before_kv;
  std::string value;
  value.swap(request->ignore_value() ? *before_kv.mutable_value() : *request->mutable_value());
  const std::int64_t lease = request->ignore_lease() ? (*before)->lease : request->lease();
  pass.writes.Put(request->key(), std::move(value), lease, *before);
  response->mutable_header()->set_revision(pass.writes.RevisionNow());
  return absl::OkStatus();
}

absl::Status ApplyDeleteRange(ApplyPass& pass, const etcdserverpb::DeleteRangeRequest& request,
                              etcdserverpb::DeleteRangeResponse* response) {
  if (request.key().empty()) return EmptyKeyError();
  absl::StatusOr<std::vector<DoomedKey>> doomed =
      FindDoomed(pass.writes, KeyInterval(request.key(), request.range_end()));
  if (!doomed.ok()) return doomed.status();
  for (const DoomedKey& key : *doomed) {
    if (request.prev_kv()) {
      absl::Status loaded = pass.writes.Load(key.key, key.meta, response->add_prev_kvs());
      if (!loaded.ok()) return loaded;
    }
    pass.writes.Delete(key.key, key.meta);
  }
  response->set_deleted(static_cast<std::int64_t>(doomed->size()));
  response->mutable_header()->set_revision(pass.writes.RevisionNow());
  return absl::OkStatus();
}

absl::Status ApplyCompact(ApplyPass& pass, const etcdserverpb::CompactionRequest& request) {
  StoredState& state = pass.state;
  if (request.revision() <= state.compact_revision) return CompactedError();
  if (request.revision() > state.current_revision) return FutureRevisionError();
  RetargetCompaction(state.compact_revision, &state.compaction);
  state.compact_revision = request.revision();
  return absl::OkStatus();
}

}  // namespace stele::storage
