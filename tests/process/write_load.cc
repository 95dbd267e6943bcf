#include "tests/process/write_load.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

#include "tests/history/wire_records.h"
#include "tests/process/load_keys.h"

namespace stele::process {
namespace {

using history::Operation;
using history::Outcome;
using history::Step;

void NoteReply(const etcdserverpb::PutResponse& reply, Operation& record) {
  record.revision = reply.header().revision();
  record.results.push_back(history::ToResult(reply));
}

void NoteReply(const etcdserverpb::TxnResponse& reply, Operation& record) {
  history::NoteReply(reply, &record);
}

// Fills in what the reply says about the write.
template <typename Response>
void Conclude(const absl::StatusOr<Response>& reply, Operation& record) {
  record.end = MonotonicNs();
  if (reply.ok()) {
    record.outcome = Outcome::kAcknowledged;
    NoteReply(*reply, record);
  } else {
    record.outcome = CertainlyRefused(reply.status()) ? Outcome::kRefused : Outcome::kUnknown;
  }
}

Step PutStep(std::uint64_t key, std::string value) {
  return {.kind = Step::Kind::kPut, .key = LoadKey(key), .value = std::move(value)};
}

// Mostly one put; sometimes two at once, or a put with a deletion: those show whether a revision
// is ever seen in part.
std::vector<Step> DrawSteps(std::mt19937_64& random, std::uint64_t keys, const std::string& value) {
  const std::uint64_t first = random() % keys;
  const std::uint64_t second = (first + 1 + random() % (keys - 1)) % keys;
  std::vector<Step> steps{PutStep(first, value)};
  const std::uint64_t kind = random() % 10;
  if (kind < 2) steps.push_back(PutStep(second, absl::StrCat(value, "'")));
  if (kind == 2) steps.push_back({.kind = Step::Kind::kDelete, .key = LoadKey(second)});
  return steps;
}

}  // namespace

WriteLoad::WriteLoad(const std::vector<std::string>& addresses, Options options)
    : options_(options) {
  for (const std::string& address : addresses) {
    clients_.push_back(std::make_unique<MemberClient>(address));
  }
  for (int i = 0; i < options_.writers; ++i) threads_.emplace_back([this, i] { RunWriter(i); });
}

WriteLoad::~WriteLoad() { Stop(); }

void WriteLoad::Stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  clients_.clear();
}

void WriteLoad::RunWriter(int writer) {
  std::mt19937_64 random(static_cast<std::uint64_t>(writer) + 1);
  std::vector<Operation> records;
  int member = writer % static_cast<int>(clients_.size());
  for (int count = 0; !stopping_; ++count) {
    Operation record = WriteOnce(random, absl::StrCat("w", writer, "-", count), member);
    if (record.outcome == Outcome::kAcknowledged) {
      ++acknowledged_;
    } else {
      member = (member + 1) % static_cast<int>(clients_.size());
      if (record.outcome == Outcome::kRefused) absl::SleepFor(absl::Milliseconds(10));
    }
    records.push_back(std::move(record));
  }
  const absl::MutexLock lock(&mutex_);
  std::ranges::move(records, std::back_inserter(records_));
}

Operation WriteLoad::WriteOnce(std::mt19937_64& random, const std::string& value, int member) {
  MemberClient& client = *clients_[static_cast<std::size_t>(member)];
  Operation record{.success = DrawSteps(random, options_.keys, value), .member = member};
  record.start = MonotonicNs();
  if (record.success.size() == 1) {
    Conclude(client.Put(history::ToPut(record.success[0]), options_.timeout), record);
  } else {
    Conclude(client.Txn(history::ToTxn(record), options_.timeout), record);
  }
  return record;
}

bool WriteLoad::AwaitAcknowledged(std::int64_t count, absl::Duration timeout) const {
  const std::int64_t goal = acknowledged_ + count;
  const absl::Time deadline = absl::Now() + timeout;
  while (acknowledged_ < goal) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

bool WriteLoad::ProbeUntilAcknowledged(int avoided, absl::Duration timeout) {
  auto answered = std::make_shared<std::atomic<bool>>(false);
  const absl::Time deadline = absl::Now() + timeout;
  int member = avoided;
  while (!*answered && absl::Now() < deadline) {
    member = (member + 1) % static_cast<int>(clients_.size());
    if (member == avoided && clients_.size() > 1) continue;
    Operation record{.success = {PutStep(0, absl::StrCat("probe-", probes_++))},
                     .start = MonotonicNs(),
                     .member = member};
    const etcdserverpb::PutRequest put = history::ToPut(record.success[0]);
    clients_[static_cast<std::size_t>(member)]->PutAsync(
        put, options_.timeout,
        [this, answered, record = std::move(record)](
            const absl::StatusOr<etcdserverpb::PutResponse>& reply) mutable {
          Conclude(reply, record);
          if (reply.ok()) *answered = true;
          Note(std::move(record));
        });
    absl::SleepFor(absl::Milliseconds(5));  // The pace of the probes.
  }
  return *answered;
}

void WriteLoad::Note(Operation record) {
  if (record.outcome == Outcome::kAcknowledged) ++acknowledged_;
  const absl::MutexLock lock(&mutex_);
  records_.push_back(std::move(record));
}

std::vector<Operation> WriteLoad::TakeRecords() {
  const absl::MutexLock lock(&mutex_);
  return std::move(records_);
}

std::optional<absl::Duration> TimeToNextAcknowledged(const std::vector<Operation>& writes,
                                                     std::int64_t since_ns) {
  std::optional<absl::Duration> shortest;
  for (const Operation& write : writes) {
    if (write.outcome != Outcome::kAcknowledged || write.start < since_ns) continue;
    const absl::Duration lasted = absl::Nanoseconds(write.end - since_ns);
    if (!shortest || lasted < *shortest) shortest = lasted;
  }
  return shortest;
}

}  // namespace stele::process
