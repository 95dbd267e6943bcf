// The replicated state: turns committed entries into engine batches, results for whoever waits, and
// events for watchers. Apply is a pure function of (state, entries): no clock, no configuration, no
// random number, no iteration over unordered containers.
//
// Apply and the other mutating calls belong to one thread (ApplyLoop). View() may be called by any
// thread; a ReadView is immutable and may be used by any one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/command.pb.h"
#include "proto/mvcc.pb.h"
#include "proto/rpc.pb.h"
#include "src/raft/types.h"
#include "src/storage/engine/engine.h"
#include "src/storage/mvcc/empty_span_limits.h"
#include "src/storage/mvcc/key_count_limits.h"
#include "src/storage/mvcc/revision.h"

namespace stele::storage {

// One change of one key. `kv` of a DELETE holds key and mod_revision only. `prev` is the version
// that the change superseded, none if it created the key. Its content costs a read that most events
// need not pay: Apply leaves `prev_kv` null, and ReadView::Previous has it.
struct Event {
  mvccpb::Event::EventType type = mvccpb::Event::PUT;
  std::shared_ptr<const mvccpb::KeyValue> kv;
  std::shared_ptr<const mvccpb::KeyValue> prev_kv;
  Revision prev = {};
};

// All changes of one revision, in order.
struct EventBatch {
  std::int64_t revision = 0;
  std::vector<Event> events;
};

// The answer to the command with this request id. Headers inside hold only the revision.
struct CommandResult {
  std::uint64_t request_id = 0;
  absl::Status status;        // code and exact text as on the wire
  std::int64_t revision = 0;  // current revision after the command
  std::variant<std::monostate, etcdserverpb::PutResponse, etcdserverpb::DeleteRangeResponse,
               etcdserverpb::TxnResponse, etcdserverpb::CompactionResponse,
               etcdserverpb::LeaseGrantResponse, etcdserverpb::LeaseRevokeResponse,
               etcdserverpb::AlarmResponse>
      response;
};

// What the lease keeper must know; facts only, no deadlines.
struct LeaseChange {
  enum class Kind : std::uint8_t { kGranted, kRevoked } kind = Kind::kGranted;
  std::int64_t id = 0;
  std::int64_t ttl_seconds = 0;
};

// See state_digest.h.
struct StateDigest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend bool operator==(const StateDigest&, const StateDigest&) = default;
};

// The state behind a StateCheck command.
struct StateCheckResult {
  raft::Index index;
  StateDigest digest;
};

// What etcd calls HashKV (kv_hash.h).
struct KvHash {
  std::uint32_t hash = 0;
  std::int64_t compact_revision = -1;
  std::int64_t revision = 0;  // up to which was hashed
};

struct ApplyOutput {
  raft::Index applied_index;
  std::int64_t current_revision = 0;
  std::int64_t compact_revision = 0;
  std::vector<CommandResult> results;  // in entry order; only commands with a request id
  std::vector<EventBatch> events;      // revisions ascending
  std::vector<LeaseChange> lease_changes;
  bool members_changed = false;
  bool alarms_changed = false;
  std::vector<StateCheckResult> state_checks;
};

// A consistent state of the store at one applied index.
class ReadView {
 public:
  virtual ~ReadView() = default;

  virtual raft::Index applied_index() const = 0;
  virtual std::int64_t current_revision() const = 0;
  // Reads below it are refused. Initially -1 (nothing compacted).
  virtual std::int64_t compact_revision() const = 0;

  // Fills everything but the header's ids. Errors carry the wire's code and text.
  virtual absl::Status Range(const etcdserverpb::RangeRequest& request,
                             etcdserverpb::RangeResponse* response) const = 0;
  // Appends the same answer but its header to `out`, in its wire form.
  virtual absl::Status EncodeRange(const etcdserverpb::RangeRequest& request,
                                   std::string* out) const {
    etcdserverpb::RangeResponse response;
    absl::Status status = Range(request, &response);
    response.clear_header();
    if (status.ok()) response.AppendToString(out);
    return status;
  }
  // The first keys of a range in key order, at most `keys_max` and no more once there are about
  // `bytes_max` bytes, whatever limit, order or filters say; counts nothing. Sets *more if keys are
  // left. The header stays empty.
  virtual absl::Status RangePage(const etcdserverpb::RangeRequest& /*request*/,
                                 std::int64_t /*keys_max*/, std::size_t /*bytes_max*/,
                                 etcdserverpb::RangeResponse* /*response*/, bool* /*more*/) const {
    return absl::UnimplementedError("this view has no pages");
  }
  // A transaction without writes.
  virtual absl::Status ReadOnlyTxn(const etcdserverpb::TxnRequest& request,
                                   etcdserverpb::TxnResponse* response) const = 0;

  // Events of keys in [key, range_end) (range_end as in the API) with revision >= from, whole
  // revisions only, ascending, until about `bytes_max` or `revisions_max`. Sets *next to the
  // revision to go on from (current_revision() + 1 when all was read). prev_kv is filled if
  // `with_prev_kv` and it is not compacted. kOutOfRange when from < compact_revision.
  virtual absl::Status ReadEvents(std::string_view key, std::string_view range_end,
                                  std::int64_t from, bool with_prev_kv, std::size_t bytes_max,
                                  std::size_t revisions_max, std::vector<EventBatch>* batches,
                                  std::int64_t* next) const = 0;

  // What the key of the event was before it, null if it did not exist. REQUIRES: the event is of
  // the Apply call behind which the view was taken, as later ones may have removed the version.
  virtual absl::StatusOr<std::shared_ptr<const mvccpb::KeyValue>> Previous(
      const Event& /*event*/) const {
    return absl::UnimplementedError("this view knows no versions");
  }

  virtual std::optional<LeaseChange> Lease(std::int64_t id) const = 0;
  virtual std::vector<LeaseChange> Leases() const = 0;
  virtual std::vector<std::string> LeaseKeys(std::int64_t id) const = 0;  // sorted
  virtual std::vector<stelepb::MemberRecord> Members() const = 0;         // by id
  // Ids that were members once and never will be again, ascending.
  virtual std::vector<std::uint64_t> RemovedMembers() const { return {}; }
  // The members that Bootstrap was given, by id.
  virtual std::vector<stelepb::MemberRecord> Founders() const { return {}; }

  // Raised and not cleared, by kind and member.
  virtual std::vector<etcdserverpb::AlarmMember> Alarms() const { return {}; }

  // See kv_hash.h; `revision` 0 is the current one. Both hashes read the whole store.
  virtual absl::StatusOr<KvHash> HashKv(std::int64_t /*revision*/) const {
    return absl::UnimplementedError("this view has no hash");
  }
  // CRC-32C of all that is replicated and does not depend on how far garbage was removed: HashKv at
  // the current revision, then the tables of leases, members and alarms, records in key order.
  virtual absl::StatusOr<std::uint32_t> HashAll() const {
    return absl::UnimplementedError("this view has no hash");
  }
};

struct StateMachineOptions {
  // Changes looked at per CompactStep; each removes at most two versions.
  std::size_t compaction_batch = 1000;
  // For the metadata of the keys that were used last (meta_cache.h).
  std::size_t meta_cache_bytes = std::size_t{32} << 20;
  // For the values that were read last (value_cache.h).
  std::size_t value_cache_bytes = std::size_t{16} << 20;
  KeyCountLimits key_counts = {};
  EmptySpanLimits empty_spans = {};
};

class StateMachine {
 public:
  // Opens whatever the engine holds. `engine` outlives the state machine.
  static absl::StatusOr<std::unique_ptr<StateMachine>> Open(Engine* engine,
                                                            const StateMachineOptions& options);
  virtual ~StateMachine() = default;

  // Fills an empty store's member table (before the first entry). Idempotent.
  virtual absl::Status Bootstrap(const std::vector<stelepb::MemberRecord>& members) = 0;

  // REQUIRES: entries follow applied_index() without a gap. One engine batch for all of them, which
  // also carries applied index, term and revisions. A non-ok status means that the engine failed
  // and the process must stop.
  virtual absl::Status Apply(const std::vector<raft::Entry>& entries, ApplyOutput* output) = 0;

  // Removes a bounded number of superseded versions behind the compact revision; returns whether
  // more is left. Invisible to readers and identical in effect on every member.
  virtual absl::StatusOr<bool> CompactStep() = 0;
  // Everything that the compaction of `revision` makes superfluous is gone.
  virtual bool CompactionFinished(std::int64_t revision) const = 0;

  virtual std::shared_ptr<const ReadView> View() const = 0;
  virtual raft::Index applied_index() const = 0;
  virtual raft::Term applied_term() const = 0;
  // How much survives a crash now: the log may be released up to here.
  virtual absl::StatusOr<raft::EntryId> DurableApplied() const = 0;
};

}  // namespace stele::storage
