#include "tests/sim/full/witness.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "tests/history/describe.h"
#include "tests/sim/journal.h"
#include "tests/sim/random_stream.h"

namespace stele::sim {
namespace {

std::uint64_t MixText(std::uint64_t hash, std::string_view text) {
  hash = MixBits(hash + text.size() + 1);
  for (const char letter : text) hash = hash * 0x100000001B3 ^ static_cast<unsigned char>(letter);
  return MixBits(hash);
}

std::uint64_t MixKeyValue(std::uint64_t hash, const mvccpb::KeyValue& kv) {
  hash = MixText(MixText(hash, kv.key()), kv.value());
  for (const std::int64_t number :
       {kv.create_revision(), kv.mod_revision(), kv.version(), kv.lease()}) {
    hash = MixBits(hash + static_cast<std::uint64_t>(number) + 1);
  }
  return hash;
}

std::uint64_t HashOf(const storage::EventBatch& batch) {
  std::uint64_t hash = 0;
  for (const storage::Event& event : batch.events) {
    hash = MixBits(hash + static_cast<std::uint64_t>(event.type));
    hash = MixKeyValue(hash, *event.kv);
    if (event.prev_kv != nullptr) hash = MixKeyValue(hash, *event.prev_kv);
  }
  return hash;
}

history::RevisionRecord RecordOf(const storage::EventBatch& batch, Micros now) {
  history::RevisionRecord record{.revision = batch.revision, .time = now};
  for (const storage::Event& event : batch.events) {
    record.changes.push_back({event.kv->key(), event.kv->value(),
                              event.type == mvccpb::Event::DELETE, event.kv->lease()});
  }
  return record;
}

}  // namespace

void Witness::OnPublished(raft::NodeId member, const storage::ApplyOutput& output) {
  for (const storage::EventBatch& batch : output.events) Compare(member, batch);
  CheckPoint(member, output.applied_index, {output.current_revision, output.compact_revision});
  unnamed_[member] = output.lease_changes;
}

void Witness::Compare(raft::NodeId member, const storage::EventBatch& batch) {
  const std::uint64_t hash = HashOf(batch);
  if (batch.revision == current_revision() + 1) {
    revisions_.push_back(RecordOf(batch, queue_->now()));
    full_texts_.push_back(hash);
    return NoteAttachments(revisions_.back());
  }
  if (batch.revision > current_revision() || batch.revision < 2) {
    throw Violation(absl::StrCat("member ", member.value, ": applies revision ", batch.revision,
                                 " after ", current_revision()));
  }
  const auto at = static_cast<std::size_t>(batch.revision - 2);
  if (full_texts_[at] != hash) {
    throw Violation(absl::StrCat("members-differ: member ", member.value, " applies ",
                                 history::Describe(RecordOf(batch, queue_->now())),
                                 " where another applied ", history::Describe(revisions_[at])));
  }
}

void Witness::NoteAttachments(const history::RevisionRecord& record) {
  for (const history::Change& change : record.changes) {
    const std::int64_t before = std::exchange(lease_of_key_[change.key], change.lease);
    if (before != 0 && change.lease != 0 && before != change.lease) {
      counts_->Reach(FullMark::kKeyMovedBetweenLeases);
    }
  }
}

void Witness::CheckPoint(raft::NodeId member, raft::Index index, const Point& point) {
  const auto [known, is_new] = points_.emplace(index, point);
  if (is_new || known->second == point) return;
  throw Violation(absl::StrCat(
      "members-differ: member ", member.value, " is at revision ", point.revision, ", compacted ",
      point.compact_revision, " after entry ", index.value, "; another was at ",
      known->second.revision, ", compacted ", known->second.compact_revision));
}

void Witness::OnState(raft::NodeId member, const storage::ReadView& view) {
  if (view.applied_index().value == 0) return;
  CheckPoint(member, view.applied_index(), {view.current_revision(), view.compact_revision()});
}

// Results come in the order of the entries, and so do the changes of leases.
void Witness::OnResults(raft::NodeId member, const std::vector<storage::CommandResult>& results) {
  std::vector<storage::LeaseChange>& changes = unnamed_[member];
  auto change = changes.begin();
  for (const storage::CommandResult& result : results) {
    const bool is_lease =
        std::holds_alternative<etcdserverpb::LeaseGrantResponse>(result.response) ||
        std::holds_alternative<etcdserverpb::LeaseRevokeResponse>(result.response);
    if (!result.status.ok() && result.status.message() == "etcdserver: not leader") {
      counts_->Reach(FullMark::kStaleExpiryIgnored);
    }
    if (!is_lease || !result.status.ok() || change == changes.end()) continue;
    NoteLease(member, *change++, result.revision);
  }
  changes.clear();
}

void Witness::NoteLease(raft::NodeId member, const storage::LeaseChange& change,
                        std::int64_t revision) {
  const auto [life, is_new] = leases_.try_emplace(change.id);
  history::LeaseLife& lease = life->second;
  if (change.kind == storage::LeaseChange::Kind::kGranted) {
    if (!is_new) return;
    ++living_;
    lease.id = change.id;
    lease.ttl = change.ttl_seconds * kSecond;
    lease.granted = queue_->now();
    counts_->Reach(FullMark::kLeaseGranted);
    return;
  }
  if (is_new) throw Violation(absl::StrCat("lease ", change.id, " is revoked before its grant"));
  if (lease.revoked != 0) {
    if (lease.revoked_revision == revision) return;
    throw Violation(absl::StrCat("members-differ: member ", member.value, " revokes lease ",
                                 change.id, " at ", revision, ", another at ",
                                 lease.revoked_revision));
  }
  --living_;
  lease.revoked = queue_->now();
  lease.revoked_revision = revision;
}

void Witness::TakeHistory(history::History* history) {
  history->revisions = std::move(revisions_);
  for (const auto& [id, lease] : leases_) history->leases.push_back(lease);
}

}  // namespace stele::sim
