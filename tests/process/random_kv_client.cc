#include "tests/process/random_kv_client.h"

#include <type_traits>
#include <utility>

#include "tests/history/wire_records.h"
#include "tests/process/load_keys.h"

namespace stele::process {
namespace {

using history::Operation;
using history::Outcome;
using history::Step;

constexpr double kMoves = 0.02;                             // of all operations, to another member
constexpr absl::Duration kBreath = absl::Milliseconds(10);  // after a failure

// False if there was no answer.
template <class Response>
bool Conclude(const absl::StatusOr<Response>& reply, Operation* operation) {
  operation->end = MonotonicNs();
  if (!reply.ok()) {
    history::NoteError(reply.status(), operation);
    const bool answered = operation->outcome == Outcome::kRefused;
    if (CertainlyRefused(reply.status())) operation->outcome = Outcome::kRefused;
    return answered;
  }
  operation->outcome = Outcome::kAcknowledged;
  if constexpr (std::is_same_v<Response, etcdserverpb::TxnResponse>) {
    history::NoteReply(*reply, operation);
  } else {
    operation->revision = reply->header().revision();
    operation->results.push_back(history::ToResult(*reply));
  }
  return true;
}

bool Send(MemberClient& client, absl::Duration timeout, Operation* operation) {
  operation->start = MonotonicNs();
  if (!history::IsSimple(*operation)) {
    return Conclude(client.Txn(history::ToTxn(*operation), timeout), operation);
  }
  const Step& step = operation->success[0];
  switch (step.kind) {
    case Step::Kind::kPut:
      return Conclude(client.Put(history::ToPut(step), timeout), operation);
    case Step::Kind::kDelete:
      return Conclude(client.DeleteRange(history::ToDeleteRange(step), timeout), operation);
    default:
      return Conclude(client.Range(history::ToRange(step, operation->serializable), timeout),
                      operation);
  }
}

}  // namespace

bool Perform(MemberChoice* choice, RandomScene* scene, absl::Duration timeout,
             Operation* operation) {
  operation->member = choice->member();
  const std::uint64_t life = scene->LifeOf(choice->member());
  const bool answered = Send(choice->client(), timeout, operation);
  if (scene->LifeOf(choice->member()) == life) operation->session = life;
  if (operation->outcome == Outcome::kAcknowledged) scene->SawRevision(operation->revision);
  return answered;
}

RandomKvClient::RandomKvClient(int number, std::uint64_t seed, history::OperationDraw::Shape shape,
                               RandomScene* scene)
    : scene_(scene),
      random_(seed, "kv client", static_cast<std::uint64_t>(number)),
      draw_(std::move(shape), &random_),
      choice_(scene->addresses(), number),
      thread_([this] { Run(); }) {}

RandomKvClient::~RandomKvClient() {
  if (thread_.joinable()) thread_.join();
}

void RandomKvClient::Run() {
  while (!scene_->stopped()) {
    if (random_.Chance(kMoves)) choice_.Move(&random_);
    const std::vector<std::int64_t> leases = scene_->Leases();
    Operation operation = draw_.Next({scene_->known_revision(), leases});
    // Often longer than an election, so that what waits for a leader may still succeed.
    const bool answered =
        Perform(&choice_, scene_, absl::Milliseconds(random_.Between(500, 4000)), &operation);
    ++sent_;
    if (operation.outcome == Outcome::kAcknowledged) draw_.Learn(operation);
    records_.push_back(std::move(operation));
    if (answered) continue;
    choice_.Move(&random_);
    scene_->Rest(kBreath);
  }
}

std::vector<Operation> RandomKvClient::TakeRecords() {
  thread_.join();
  return std::move(records_);
}

RandomCompactor::RandomCompactor(std::uint64_t seed, RandomScene* scene)
    : scene_(scene),
      random_(seed, "compactor"),
      choice_(scene->addresses(), 0),
      thread_([this] { Run(); }) {}

RandomCompactor::~RandomCompactor() {
  if (thread_.joinable()) thread_.join();
}

void RandomCompactor::Run() {
  constexpr double kEveryMs = 400;
  while (scene_->Rest(absl::Milliseconds(random_.Exponential(kEveryMs)))) {
    choice_.Move(&random_);
    const std::int64_t behind =
        random_.Chance(0.5) ? random_.Between(0, 40) : random_.Between(0, 3000);
    history::Compaction compaction{.revision = scene_->witnessed() - behind};
    if (compaction.revision < 1) continue;
    etcdserverpb::CompactionRequest request;
    request.set_revision(compaction.revision);
    request.set_physical(random_.Chance(0.2));
    compaction.start = MonotonicNs();
    const auto reply = choice_.client().Compact(request, absl::Seconds(3));
    compaction.end = MonotonicNs();
    Operation outcome;
    if (!reply.ok()) history::NoteError(reply.status(), &outcome);
    compaction.outcome = reply.ok() ? Outcome::kAcknowledged : outcome.outcome;
    records_.push_back(compaction);
  }
}

std::vector<history::Compaction> RandomCompactor::TakeRecords() {
  thread_.join();
  return std::move(records_);
}

}  // namespace stele::process
