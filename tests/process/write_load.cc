#include "tests/process/write_load.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>

#include "tests/process/load_keys.h"

namespace stele::process {
namespace {

// Fills in what the reply says about the write.
template <typename Response>
void Conclude(const absl::StatusOr<Response>& reply, WriteRecord& record) {
  record.end_ns = MonotonicNs();
  if (reply.ok()) {
    record.outcome = Outcome::kAcknowledged;
    record.revision = reply->header().revision();
  } else {
    record.outcome = CertainlyRefused(reply.status()) ? Outcome::kRefused : Outcome::kUnknown;
  }
}

etcdserverpb::TxnRequest ToTxn(const std::vector<Change>& changes) {
  etcdserverpb::TxnRequest txn;
  for (const Change& change : changes) {
    etcdserverpb::RequestOp& op = *txn.add_success();
    if (change.deletes) {
      op.mutable_request_delete_range()->set_key(change.key);
    } else {
      op.mutable_request_put()->set_key(change.key);
      op.mutable_request_put()->set_value(change.value);
    }
  }
  return txn;
}

etcdserverpb::PutRequest ToPut(const Change& change) {
  etcdserverpb::PutRequest put;
  put.set_key(change.key);
  put.set_value(change.value);
  return put;
}

// Mostly one put; sometimes two at once, or a put with a deletion: those show whether a revision
// is ever seen in part.
std::vector<Change> DrawChanges(std::mt19937_64& random, std::uint64_t keys,
                                const std::string& value) {
  const std::uint64_t first = random() % keys;
  const std::uint64_t second = (first + 1 + random() % (keys - 1)) % keys;
  std::vector<Change> changes{{LoadKey(first), value}};
  const std::uint64_t kind = random() % 10;
  if (kind < 2) changes.push_back({LoadKey(second), absl::StrCat(value, "'")});
  if (kind == 2) changes.push_back({LoadKey(second), "", true});
  return changes;
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
  std::vector<WriteRecord> records;
  int member = writer % static_cast<int>(clients_.size());
  for (int count = 0; !stopping_; ++count) {
    WriteRecord record = WriteOnce(random, absl::StrCat("w", writer, "-", count), member);
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

WriteRecord WriteLoad::WriteOnce(std::mt19937_64& random, const std::string& value, int member) {
  MemberClient& client = *clients_[static_cast<std::size_t>(member)];
  WriteRecord record{.changes = DrawChanges(random, options_.keys, value), .member = member};
  record.start_ns = MonotonicNs();
  if (record.changes.size() == 1) {
    Conclude(client.Put(ToPut(record.changes[0]), options_.timeout), record);
  } else {
    Conclude(client.Txn(ToTxn(record.changes), options_.timeout), record);
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
    WriteRecord record{.changes = {{LoadKey(0), absl::StrCat("probe-", probes_++)}},
                       .start_ns = MonotonicNs(),
                       .member = member};
    const etcdserverpb::PutRequest put = ToPut(record.changes[0]);
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

void WriteLoad::Note(WriteRecord record) {
  if (record.outcome == Outcome::kAcknowledged) ++acknowledged_;
  const absl::MutexLock lock(&mutex_);
  records_.push_back(std::move(record));
}

std::vector<WriteRecord> WriteLoad::TakeRecords() {
  const absl::MutexLock lock(&mutex_);
  return std::move(records_);
}

std::optional<absl::Duration> TimeToNextAcknowledged(const std::vector<WriteRecord>& writes,
                                                     std::int64_t since_ns) {
  std::optional<absl::Duration> shortest;
  for (const WriteRecord& write : writes) {
    if (write.outcome != Outcome::kAcknowledged || write.start_ns < since_ns) continue;
    const absl::Duration lasted = absl::Nanoseconds(write.end_ns - since_ns);
    if (!shortest || lasted < *shortest) shortest = lasted;
  }
  return shortest;
}

}  // namespace stele::process
