// Txn.
#include "src/raft/check.h"
#include "src/storage/mutation.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/mvcc/range.h"
#include "src/storage/mvcc/snapshot_source.h"
#include "src/storage/state_machine/apply_pass.h"
#include "src/storage/state_machine/txn.h"

namespace stele::storage {

namespace {

class PassTxnStore : public TxnStore {
 public:
  explicit PassTxnStore(ApplyPass& pass) : pass_(pass) {}

  const KeySource& Latest() const override { return pass_.writes; }
  std::int64_t RevisionNow() const override { return pass_.writes.RevisionNow(); }

  absl::Status Range(const etcdserverpb::RangeRequest& request,
                     etcdserverpb::RangeResponse* response) override {
    // The revision is judged against the state before the transaction, whose own writes have none
    // yet. Unlike outside a transaction, a negative one may be compacted.
    const std::int64_t revision = request.revision();
    if (revision > pass_.state.current_revision) return FutureRevisionError();
    const std::int64_t compacted = Planted(Mutation::kTxnReadsByGarbage)
                                       ? pass_.state.compaction.finished
                                       : pass_.state.compact_revision;
    if (revision != 0 && revision < compacted) return CompactedError();
    response->mutable_header()->set_revision(RevisionNow());
    if (revision <= 0) return EvaluateRange(pass_.writes, request, response);
    // The pass began at the current revision: see StateMachine::Apply.
    STELE_CHECK(pass_.writes.IsEmpty() || pass_.writes.HasDraft());
    return EvaluateRange(HistoricalSource(LatestSource(pass_.writes.base()), revision), request,
                         response);
  }
  absl::Status Put(etcdserverpb::PutRequest* request,
                   etcdserverpb::PutResponse* response) override {
    return ApplyPut(pass_, PutPlace::kInTxn, request, response);
  }
  absl::Status DeleteRange(const etcdserverpb::DeleteRangeRequest& request,
                           etcdserverpb::DeleteRangeResponse* response) override {
    return ApplyDeleteRange(pass_, request, response);
  }

 private:
  ApplyPass& pass_;
};

}  // namespace

absl::Status ApplyTxn(ApplyPass& pass, etcdserverpb::TxnRequest* request,
                      etcdserverpb::TxnResponse* response) {
  PassTxnStore store(pass);
  return RunTxn(store, request, response);
}

}  // namespace stele::storage
