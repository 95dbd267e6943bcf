// Writers that put unique values into a small set of keys, each as fast as its member answers, and
// note what became of every write. A writer whose member fails goes on with the next one.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/history/history.h"
#include "tests/process/member_client.h"

namespace stele::process {

class WriteLoad {
 public:
  struct Options {
    int writers = 6;
    std::uint64_t keys = 48;
    // Longer than an election, so that a write that waits for a leader may still succeed.
    absl::Duration timeout = absl::Seconds(3);
  };

  // Starts to write at once.
  WriteLoad(const std::vector<std::string>& addresses, Options options);
  // Stops if nobody did.
  ~WriteLoad();
  WriteLoad(const WriteLoad&) = delete;
  WriteLoad& operator=(const WriteLoad&) = delete;

  // Since the start, over all writers.
  std::int64_t acknowledged() const { return acknowledged_; }
  // Waits until `count` more writes are acknowledged than now; false if that lasts longer.
  bool AwaitAcknowledged(std::int64_t count, absl::Duration timeout) const;

  // Sends a put every few milliseconds to the members other than `avoided`, without waiting for
  // answers, until one that was sent after the call began is acknowledged; false after `timeout`.
  // Finds the first moment at which the cluster takes writes again; the writers themselves might
  // be waiting for a call that the fault has swallowed.
  bool ProbeUntilAcknowledged(int avoided, absl::Duration timeout);

  // Ends the writers and waits for every call.
  void Stop();
  // All writes, in no particular order. After Stop() only.
  std::vector<history::Operation> TakeRecords();

 private:
  void RunWriter(int writer);
  history::Operation WriteOnce(std::mt19937_64& random, const std::string& value, int member);
  void Note(history::Operation record);

  Options options_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::int64_t> acknowledged_ = 0;
  std::int64_t probes_ = 0;
  absl::Mutex mutex_;
  std::vector<history::Operation> records_ ABSL_GUARDED_BY(mutex_);
  // Declared after what the callbacks use: their destructors wait for the last callback.
  std::vector<std::unique_ptr<MemberClient>> clients_;
  std::vector<std::thread> threads_;
};

// The time from `since_ns` to the acknowledgement of the first write that began after it.
std::optional<absl::Duration> TimeToNextAcknowledged(const std::vector<history::Operation>& writes,
                                                     std::int64_t since_ns);

}  // namespace stele::process
