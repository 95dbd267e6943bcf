// Readers that range over every key of the load, most of the time linearizably, and note what they
// were shown. Reads that fail are not noted: they promise nothing.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/history/history.h"
#include "tests/process/member_client.h"

namespace stele::process {

// One read of all keys of the load; nothing if it failed.
std::optional<history::Operation> ReadAll(MemberClient& client, int member, bool linearizable,
                                          absl::Duration timeout);

class ReadLoad {
 public:
  // Starts one reader for each address, which reads from that member alone.
  explicit ReadLoad(const std::vector<std::string>& addresses);
  ~ReadLoad();
  ReadLoad(const ReadLoad&) = delete;
  ReadLoad& operator=(const ReadLoad&) = delete;

  // Linearizable reads that succeeded so far.
  std::int64_t linearizable() const { return linearizable_; }

  void Stop();
  // After Stop() only.
  std::vector<history::Operation> TakeRecords();

 private:
  void RunReader(const std::string& address, int member);

  std::atomic<bool> stopping_ = false;
  std::atomic<std::int64_t> linearizable_ = 0;
  absl::Mutex mutex_;
  std::vector<history::Operation> records_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace stele::process
