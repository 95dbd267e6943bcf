#include "tests/process/read_load.h"

#include <absl/time/clock.h>

#include <utility>

#include "tests/history/wire_records.h"
#include "tests/process/load_keys.h"

namespace stele::process {

std::optional<history::Operation> ReadAll(MemberClient& client, int member, bool linearizable,
                                          absl::Duration timeout) {
  const history::Step range{.key = kLoadPrefix, .range_end = kLoadPrefixEnd};
  history::Operation record{.success = {range}, .serializable = !linearizable, .member = member};
  record.start = MonotonicNs();
  const auto reply = client.Range(history::ToRange(range, record.serializable), timeout);
  record.end = MonotonicNs();
  if (!reply.ok()) return std::nullopt;
  record.outcome = history::Outcome::kAcknowledged;
  record.revision = reply->header().revision();
  record.results.push_back(history::ToResult(*reply));
  return record;
}

ReadLoad::ReadLoad(const std::vector<std::string>& addresses) {
  int member = 0;
  for (const std::string& address : addresses) {
    threads_.emplace_back([this, address, member] { RunReader(address, member); });
    ++member;
  }
}

ReadLoad::~ReadLoad() { Stop(); }

void ReadLoad::Stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ReadLoad::RunReader(const std::string& address, int member) {
  MemberClient client(address);
  for (int count = 1; !stopping_; ++count) {
    const bool linearizable = count % 4 != 0;
    auto record = ReadAll(client, member, linearizable, absl::Seconds(2));
    if (record) {
      if (linearizable) ++linearizable_;
      const absl::MutexLock lock(&mutex_);
      records_.push_back(*std::move(record));
    }
    absl::SleepFor(absl::Milliseconds(10));  // The pace of the reader.
  }
}

std::vector<history::Operation> ReadLoad::TakeRecords() {
  const absl::MutexLock lock(&mutex_);
  return std::move(records_);
}

}  // namespace stele::process
