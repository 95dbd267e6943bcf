#include "tests/sim/full/kv_clients.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc.pb.h"
#include "tests/history/wire_records.h"
#include "tests/sim/journal.h"

namespace stele::sim {
namespace {

using history::Compare;
using history::Operation;
using history::Outcome;
using history::Refusal;
using history::Step;

bool IsSimple(const Operation& operation) {
  return operation.compares.empty() && operation.success.size() == 1 && operation.failure.empty();
}

std::string_view PathOf(const Operation& operation) {
  if (!IsSimple(operation)) return "/etcdserverpb.KV/Txn";
  switch (operation.success[0].kind) {
    case Step::Kind::kPut:
      return "/etcdserverpb.KV/Put";
    case Step::Kind::kDelete:
      return "/etcdserverpb.KV/DeleteRange";
    case Step::Kind::kRange:
      break;
  }
  return "/etcdserverpb.KV/Range";
}

std::string RequestOf(const Operation& operation) {
  if (!IsSimple(operation)) return history::ToTxn(operation).SerializeAsString();
  const Step& step = operation.success[0];
  switch (step.kind) {
    case Step::Kind::kPut:
      return history::ToPut(step).SerializeAsString();
    case Step::Kind::kDelete:
      return history::ToDeleteRange(step).SerializeAsString();
    case Step::Kind::kRange:
      break;
  }
  return history::ToRange(step, operation.serializable).SerializeAsString();
}

template <class Response>
void NoteSimple(const std::string& reply, Operation* operation) {
  Response response;
  if (!response.ParseFromString(reply)) throw Violation("a reply cannot be decoded");
  operation->revision = response.header().revision();
  operation->results.push_back(history::ToResult(response));
}

void NoteReply(const std::string& reply, Operation* operation) {
  if (!IsSimple(*operation)) {
    etcdserverpb::TxnResponse response;
    if (!response.ParseFromString(reply)) throw Violation("a reply cannot be decoded");
    return history::NoteReply(response, operation);
  }
  switch (operation->success[0].kind) {
    case Step::Kind::kPut:
      return NoteSimple<etcdserverpb::PutResponse>(reply, operation);
    case Step::Kind::kDelete:
      return NoteSimple<etcdserverpb::DeleteRangeResponse>(reply, operation);
    case Step::Kind::kRange:
      return NoteSimple<etcdserverpb::RangeResponse>(reply, operation);
  }
}

}  // namespace

void KvClients::Start() {
  for (int i = 0; i < port_->swarm->kv_clients; ++i) ScheduleNext();
  ScheduleCompaction();
}

void KvClients::ScheduleNext() {
  if (stopped_) return;
  port_->queue->After(random_.Exponential(port_->swarm->think_mean), [this] {
    if (!stopped_) Send(Draw(), /*goes_on=*/true);
  });
}

std::string KvClients::AnyKey() {
  const std::uint64_t number = random_.Below(port_->swarm->keys);
  return absl::StrCat("k", number < 10 ? "0" : "", number);
}

Operation KvClients::Draw() {
  if (random_.Chance(port_->swarm->read_share)) return DrawRead();
  if (random_.Chance(port_->swarm->txn_share)) return DrawTxn();
  Operation operation;
  operation.success.push_back(random_.Chance(0.15) ? DrawDelete() : DrawPut(AnyKey()));
  return operation;
}

Operation KvClients::DrawRead() {
  Operation operation;
  operation.success.push_back(DrawRange());
  operation.serializable = random_.Chance(0.3);
  Step& range = operation.success[0];
  if (random_.Chance(0.2)) {
    const std::int64_t offset = random_.Between(-60, 4);
    range.revision = std::max<std::int64_t>(port_->known_revision + offset, 1);
  }
  return operation;
}

Step KvClients::DrawPut(const std::string& key) {
  Step step{.kind = Step::Kind::kPut, .key = key};
  step.value = absl::StrCat("v", next_value_++, "-");
  step.value.append(static_cast<std::size_t>(random_.Between(0, port_->swarm->value_bytes_max)),
                    'x');
  step.prev_kv = random_.Chance(0.3);
  if (!port_->leases.empty() && random_.Chance(0.2)) {
    step.lease = port_->leases[random_.Below(port_->leases.size())];
  }
  if (random_.Chance(0.03)) step.ignore_value = true;
  if (random_.Chance(0.03) && step.lease == 0) step.ignore_lease = true;
  return step;
}

Step KvClients::DrawDelete() {
  Step step{.kind = Step::Kind::kDelete, .key = AnyKey()};
  if (random_.Chance(0.2)) step.range_end = random_.Chance(0.2) ? "l" : AnyKey();
  if (!step.range_end.empty() && step.range_end <= step.key) std::swap(step.key, step.range_end);
  if (step.range_end == step.key) step.range_end.clear();
  step.prev_kv = random_.Chance(0.4);
  return step;
}

Step KvClients::DrawRange() {
  Step step{.kind = Step::Kind::kRange, .key = AnyKey()};
  const std::uint64_t kind = random_.Below(6);
  if (kind == 0) step.range_end = std::string(1, '\0');
  if (kind == 1) step.range_end = "l";
  if (kind == 2 && step.key > "k02") step.range_end = step.key + "~";
  if (!step.range_end.empty()) {
    step.limit = random_.Chance(0.3) ? random_.Between(1, 5) : 0;
    step.count_only = random_.Chance(0.1);
    step.keys_only = random_.Chance(0.1);
  }
  return step;
}

Compare KvClients::DrawCompare() {
  Compare compare{.key = AnyKey()};
  const history::KeyVersion& seen = seen_[compare.key];
  compare.target = random_.Pick({Compare::Target::kVersion, Compare::Target::kCreate,
                                 Compare::Target::kMod, Compare::Target::kValue});
  compare.relation = random_.Pick({Compare::Relation::kEqual, Compare::Relation::kEqual,
                                   Compare::Relation::kGreater, Compare::Relation::kLess,
                                   Compare::Relation::kNotEqual});
  switch (compare.target) {
    case Compare::Target::kVersion:
      compare.number = seen.version;
      break;
    case Compare::Target::kCreate:
      compare.number = seen.create_revision;
      break;
    case Compare::Target::kMod:
      compare.number = seen.mod_revision;
      break;
    default:
      compare.value = seen.value;
      break;
  }
  return compare;
}

// The keys that a branch puts are different, and it deletes none of them: anything else is refused.
Operation KvClients::DrawTxn() {
  Operation operation;
  const std::uint64_t compares = random_.Below(3);
  for (std::uint64_t i = 0; i < compares; ++i) operation.compares.push_back(DrawCompare());
  for (auto* branch : {&operation.success, &operation.failure}) {
    const std::uint64_t steps = random_.Below(4) + (branch == &operation.success ? 1 : 0);
    std::vector<std::string> keys;
    for (std::uint64_t i = 0; i < steps; ++i) {
      const std::uint64_t kind = random_.Below(10);
      const std::string key = AnyKey();
      const bool is_new = std::ranges::find(keys, key) == keys.end();
      if (kind < 6 && is_new) {
        branch->push_back(DrawPut(key));
        keys.push_back(key);
      } else if (kind == 6 && is_new) {
        branch->push_back({.kind = Step::Kind::kDelete, .key = key, .prev_kv = true});
        keys.push_back(key);
      } else {
        branch->push_back(DrawRange());
        // History inside a transaction is read up to the revision before it.
        if (random_.Chance(0.15)) {
          branch->back().revision =
              std::max<std::int64_t>(port_->known_revision + random_.Between(-60, 1), 1);
        }
      }
    }
  }
  if (IsSimple(operation)) operation.failure.push_back(DrawRange());
  return operation;
}

void KvClients::PutOnLease(std::int64_t lease) {
  Operation operation;
  Step step = DrawPut(random_.Chance(0.5) ? AnyKey() : absl::StrCat("lease", lease % 50));
  step.lease = lease;
  step.ignore_lease = step.ignore_value = false;
  operation.success.push_back(std::move(step));
  Send(std::move(operation), /*goes_on=*/false);
}

void KvClients::Send(Operation drawn, bool goes_on) {
  auto operation = std::make_shared<Operation>(std::move(drawn));
  operation->start = port_->queue->now();
  const raft::NodeId member = port_->AnyMember(&random_);
  operation->member = static_cast<int>(member.value);
  ++pending_;
  port_->counts->Reach(FullMark::kOperation);
  port_->CallUnary(
      member, PathOf(*operation), RequestOf(*operation), &random_,
      [operation](const Member& at) { operation->session = ClientPort::SessionOf(at); },
      [this, operation, goes_on](const absl::Status& status, const std::string& reply) {
        --pending_;
        Note(status, reply, operation.get());
        port_->noted.operations.push_back(std::move(*operation));
        if (goes_on) ScheduleNext();
      });
}

void KvClients::Note(const absl::Status& status, const std::string& reply, Operation* operation) {
  operation->end = port_->queue->now();
  if (status.ok()) {
    operation->outcome = Outcome::kAcknowledged;
    NoteReply(reply, operation);
    port_->known_revision = std::max(port_->known_revision, operation->revision);
    for (const history::StepResult& result : operation->results) {
      for (const history::KeyVersion& kv : result.kvs) seen_[kv.key] = kv;
    }
  } else {
    history::NoteError(status, operation);
  }
  Count(*operation);
}

void KvClients::Count(const Operation& operation) {
  FullCounts& counts = *port_->counts;
  if (operation.outcome == Outcome::kUnknown) return counts.Reach(FullMark::kUnknown);
  if (operation.outcome == Outcome::kRefused) {
    counts.Reach(FullMark::kRefused);
    if (operation.refusal == Refusal::kCompacted) counts.Reach(FullMark::kRefusedCompacted);
    if (operation.refusal == Refusal::kFutureRevision) counts.Reach(FullMark::kRefusedFuture);
    if (operation.refusal == Refusal::kLeaseNotFound) counts.Reach(FullMark::kRefusedLease);
    return;
  }
  counts.Reach(FullMark::kAcked);
  const Step& first = operation.success[0];
  if (!IsSimple(operation)) {
    counts.Reach(operation.succeeded ? FullMark::kTxnSucceeded : FullMark::kTxnFailed);
  } else if (first.kind == Step::Kind::kDelete && operation.results[0].count > 1) {
    counts.Reach(FullMark::kRangeDeleted);
  } else if (first.kind == Step::Kind::kRange) {
    if (operation.serializable) counts.Reach(FullMark::kSerializableRead);
    if (first.revision > 0) counts.Reach(FullMark::kHistoricalRead);
  }
  if (first.kind != Step::Kind::kRange) ++acked_writes_;
}

void KvClients::ScheduleCompaction() {
  port_->queue->After(random_.Exponential(port_->swarm->compact_every), [this] {
    if (stopped_) return;
    Compact();
    ScheduleCompaction();
  });
}

void KvClients::Compact() {
  auto compaction = std::make_shared<history::Compaction>();
  compaction->revision = port_->known_revision - random_.Between(0, 40);
  if (compaction->revision < 1) return;
  compaction->start = port_->queue->now();
  etcdserverpb::CompactionRequest request;
  request.set_revision(compaction->revision);
  request.set_physical(random_.Chance(0.2));
  // It counts from the moment it is asked for.
  const std::size_t number = port_->noted.compactions.size();
  port_->noted.compactions.push_back(*compaction);
  ++pending_;
  port_->CallUnary(
      port_->AnyMember(&random_), "/etcdserverpb.KV/Compact", request.SerializeAsString(), &random_,
      [](const Member&) {},
      [this, number](const absl::Status& status, const std::string& /*reply*/) {
        --pending_;
        history::Compaction& noted = port_->noted.compactions[number];
        noted.end = port_->queue->now();
        Operation outcome;
        if (!status.ok()) history::NoteError(status, &outcome);
        noted.outcome = status.ok() ? Outcome::kAcknowledged : outcome.outcome;
        if (status.ok()) port_->counts->Reach(FullMark::kCompacted);
      });
}

}  // namespace stele::sim
