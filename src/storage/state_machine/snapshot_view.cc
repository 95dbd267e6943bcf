#include "src/storage/state_machine/snapshot_view.h"

#include <string>
#include <utility>

#include "src/raft/check.h"
#include "src/storage/alarm/alarm_table.h"
#include "src/storage/lease/lease_index.h"
#include "src/storage/lease/lease_table.h"
#include "src/storage/membership/member_table.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/mvcc/event_reader.h"
#include "src/storage/mvcc/kv_hash.h"
#include "src/storage/mvcc/meta_keys.h"
#include "src/storage/mvcc/range.h"
#include "src/storage/mvcc/snapshot_source.h"
#include "src/storage/state_machine/txn.h"
#include "src/storage/wal/crc32c.h"

namespace stele::storage {

namespace {

// The tables of leases and members are small and their readers have no way to report damage.
template <class Value>
Value ValueOrStop(absl::StatusOr<Value> value) {
  STELE_CHECK(value.ok());
  return *std::move(value);
}

class SnapshotView : public ReadView {
 public:
  SnapshotView(std::shared_ptr<const EngineSnapshot> snapshot, const StoredState& state,
               std::shared_ptr<ReadMemory> memory)
      : snapshot_(std::move(snapshot)),
        memory_(std::move(memory)),
        latest_(*snapshot_, state.current_revision, memory_.get()),
        state_(state) {}

  raft::Index applied_index() const override { return state_.applied.index; }
  std::int64_t current_revision() const override { return state_.current_revision; }
  std::int64_t compact_revision() const override { return state_.compact_revision; }
  const KeySource& latest() const { return latest_; }

  absl::Status Range(const etcdserverpb::RangeRequest& request,
                     etcdserverpb::RangeResponse* response) const override {
    return Read(request.revision(), [&](const KeySource& source) {
      response->mutable_header()->set_revision(state_.current_revision);
      return EvaluateRange(source, request, response);
    });
  }

  absl::Status EncodeRange(const etcdserverpb::RangeRequest& request,
                           std::string* out) const override {
    return Read(request.revision(), [&](const KeySource& source) {
      return storage::EncodeRange(source, request, out);
    });
  }

  absl::Status RangePage(const etcdserverpb::RangeRequest& request, std::int64_t keys_max,
                         std::size_t bytes_max, etcdserverpb::RangeResponse* response,
                         bool* more) const override {
    return Read(request.revision(), [&](const KeySource& source) {
      return EvaluateRangePage(source, request, keys_max, bytes_max, response, more);
    });
  }

  absl::Status ReadOnlyTxn(const etcdserverpb::TxnRequest& request,
                           etcdserverpb::TxnResponse* response) const override;

  absl::Status ReadEvents(std::string_view key, std::string_view range_end, std::int64_t from,
                          bool with_prev_kv, std::size_t bytes_max, std::size_t revisions_max,
                          std::vector<EventBatch>* batches, std::int64_t* next) const override {
    return ReadEventHistory(*snapshot_, KeyInterval(key, range_end), from, state_.current_revision,
                            state_.compact_revision, with_prev_kv, {bytes_max, revisions_max},
                            batches, next);
  }

  absl::StatusOr<std::shared_ptr<const mvccpb::KeyValue>> Previous(
      const Event& event) const override {
    return ReadPrevious(*snapshot_, event);
  }

  std::optional<LeaseChange> Lease(std::int64_t id) const override {
    return ValueOrStop(ReadLease(*snapshot_, id));
  }
  std::vector<LeaseChange> Leases() const override { return ValueOrStop(ReadLeases(*snapshot_)); }
  std::vector<std::string> LeaseKeys(std::int64_t id) const override {
    return ValueOrStop(AttachedKeys(*snapshot_, id));
  }
  std::vector<stelepb::MemberRecord> Members() const override {
    return ValueOrStop(ReadMembers(*snapshot_));
  }
  std::vector<std::uint64_t> RemovedMembers() const override {
    return ValueOrStop(ReadRemovedMembers(*snapshot_));
  }
  std::vector<stelepb::MemberRecord> Founders() const override {
    return ValueOrStop(ReadFounders(*snapshot_));
  }
  std::vector<etcdserverpb::AlarmMember> Alarms() const override {
    return ValueOrStop(ReadAlarms(*snapshot_));
  }
  absl::StatusOr<KvHash> HashKv(std::int64_t revision) const override {
    return HashKeyValues(*snapshot_, revision, state_.current_revision, state_.compact_revision);
  }
  absl::StatusOr<std::uint32_t> HashAll() const override;

 private:
  // `use(source)` with the keys as they were at the revision; not above 0: as they are.
  template <class Use>
  absl::Status Read(std::int64_t revision, const Use& use) const {
    absl::Status readable =
        CheckReadableRevision(revision, state_.current_revision, state_.compact_revision);
    if (!readable.ok()) return readable;
    if (revision <= 0 || revision == state_.current_revision) return use(latest_);
    return use(HistoricalSource(latest_, revision));
  }

  const std::shared_ptr<const EngineSnapshot> snapshot_;
  const std::shared_ptr<ReadMemory> memory_;
  const LatestSource latest_;
  const StoredState state_;
};

class ViewTxnStore : public TxnStore {
 public:
  explicit ViewTxnStore(const SnapshotView& view) : view_(view) {}

  const KeySource& Latest() const override { return view_.latest(); }
  std::int64_t RevisionNow() const override { return view_.current_revision(); }
  absl::Status Range(const etcdserverpb::RangeRequest& request,
                     etcdserverpb::RangeResponse* response) override {
    if (request.revision() < 0 && request.revision() < view_.compact_revision()) {
      return CompactedError();
    }
    return view_.Range(request, response);
  }
  absl::Status Put(etcdserverpb::PutRequest* /*request*/,
                   etcdserverpb::PutResponse* /*response*/) override {
    return WriteRefused();
  }
  absl::Status DeleteRange(const etcdserverpb::DeleteRangeRequest& /*request*/,
                           etcdserverpb::DeleteRangeResponse* /*response*/) override {
    return WriteRefused();
  }

 private:
  static absl::Status WriteRefused() {
    return absl::InternalError("a transaction with writes was run as read-only");
  }
  const SnapshotView& view_;
};

absl::StatusOr<std::uint32_t> SnapshotView::HashAll() const {
  absl::StatusOr<KvHash> keys = HashKv(0);
  if (!keys.ok()) return keys.status();
  std::uint32_t crc = keys->hash;
  for (const char table : {kLeaseTable, kMemberTable, kAlarmTable}) {
    const std::unique_ptr<Iterator> iterator =
        snapshot_->NewIterator(Family::kMeta, TableEnd(table));
    for (iterator->Seek(std::string(1, table)); iterator->Valid(); iterator->Next()) {
      crc = wal::ExtendCrc32c(crc, iterator->key());
      crc = wal::ExtendCrc32c(crc, iterator->value());
    }
    if (!iterator->status().ok()) return iterator->status();
  }
  return crc;
}

absl::Status SnapshotView::ReadOnlyTxn(const etcdserverpb::TxnRequest& request,
                                       etcdserverpb::TxnResponse* response) const {
  ViewTxnStore store(*this);
  etcdserverpb::TxnRequest taken_apart = request;
  absl::Status status = RunTxn(store, &taken_apart, response);
  response->mutable_header()->set_revision(state_.current_revision);
  return status;
}

}  // namespace

std::shared_ptr<const ReadView> MakeSnapshotView(std::shared_ptr<const EngineSnapshot> snapshot,
                                                 const StoredState& state,
                                                 std::shared_ptr<ReadMemory> memory) {
  return std::make_shared<const SnapshotView>(std::move(snapshot), state, std::move(memory));
}

}  // namespace stele::storage
