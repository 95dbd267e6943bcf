#include "tests/process/read_load.h"

#include <absl/time/clock.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "tests/process/load_keys.h"

namespace stele::process {

std::optional<ReadRecord> ReadAll(MemberClient& client, int member, bool linearizable,
                                  absl::Duration timeout) {
  etcdserverpb::RangeRequest range;
  range.set_key(kLoadPrefix);
  range.set_range_end(kLoadPrefixEnd);
  range.set_serializable(!linearizable);
  ReadRecord record{
      .start_ns = MonotonicNs(), .linearizable = linearizable, .kvs = {}, .member = member};
  const auto reply = client.Range(range, timeout);
  record.end_ns = MonotonicNs();
  if (!reply.ok()) return std::nullopt;
  record.revision = reply->header().revision();
  std::ranges::transform(reply->kvs(), std::back_inserter(record.kvs), ToKeyVersion);
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

std::vector<ReadRecord> ReadLoad::TakeRecords() {
  const absl::MutexLock lock(&mutex_);
  return std::move(records_);
}

}  // namespace stele::process
