#include "tests/sim/full/kv_clients.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/rpc.pb.h"
#include "tests/history/wire_records.h"
#include "tests/sim/journal.h"

namespace stele::sim {
namespace {

using history::IsSimple;
using history::Operation;
using history::Outcome;
using history::Refusal;
using history::Step;

std::string_view PathOf(const Operation& operation) {
  if (!IsSimple(operation)) return "/etcdserverpb.KV/Txn";
  switch (operation.success[0].kind) {
    case Step::Kind::kPut:
      return "/etcdserverpb.KV/Put";
    case Step::Kind::kDelete:
      return "/etcdserverpb.KV/DeleteRange";
    default:
      return "/etcdserverpb.KV/Range";
  }
}

std::string RequestOf(const Operation& operation) {
  if (!IsSimple(operation)) return history::ToTxn(operation).SerializeAsString();
  const Step& step = operation.success[0];
  switch (step.kind) {
    case Step::Kind::kPut:
      return history::ToPut(step).SerializeAsString();
    case Step::Kind::kDelete:
      return history::ToDeleteRange(step).SerializeAsString();
    default:
      return history::ToRange(step, operation.serializable).SerializeAsString();
  }
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
    default:
      return NoteSimple<etcdserverpb::RangeResponse>(reply, operation);
  }
}

history::OperationDraw::Shape ShapeOf(const FullSwarm& swarm) {
  return {.keys = swarm.keys,
          .value_bytes_max = swarm.value_bytes_max,
          .read_share = swarm.read_share,
          .txn_share = swarm.txn_share};
}

}  // namespace

KvClients::KvClients(std::uint64_t seed, ClientPort* port)
    : port_(port), random_(seed, "kv clients"), draw_(ShapeOf(*port->swarm), &random_) {}

void KvClients::Start() {
  for (int i = 0; i < port_->swarm->kv_clients; ++i) ScheduleNext();
  ScheduleCompaction();
}

void KvClients::ScheduleNext() {
  if (stopped_) return;
  port_->queue->After(random_.Exponential(port_->swarm->think_mean), [this] {
    if (!stopped_) Send(draw_.Next(Scene()), /*goes_on=*/true);
  });
}

void KvClients::PutOnLease(std::int64_t lease) {
  Send(draw_.NextOnLease(lease, Scene()), /*goes_on=*/false);
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
    draw_.Learn(*operation);
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
