// Writers that put one new key after another and try each put again, on the next member, until it
// is acknowledged: clients as applications should be. Every key is written by one put only, so that
// a repetition does no harm. The members to ask may change at any time.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/process/member_client.h"

namespace stele::process {

class RetryingLoad {
 public:
  struct Options {
    int writers = 3;
    absl::Duration try_timeout = absl::Seconds(2);
    absl::Duration give_up_after = absl::Seconds(8);
  };

  // Starts to write at once.
  RetryingLoad(const std::vector<std::string>& addresses, Options options);
  ~RetryingLoad();
  RetryingLoad(const RetryingLoad&) = delete;
  RetryingLoad& operator=(const RetryingLoad&) = delete;

  void SetAddresses(const std::vector<std::string>& addresses);
  // Waits until `count` more writes are acknowledged than now; false if that lasts longer.
  bool AwaitAcknowledged(std::int64_t count, absl::Duration timeout) const;
  void Stop();

  // After Stop.
  struct Figures {
    std::int64_t acknowledged = 0;
    std::int64_t failed = 0;   // given up
    std::int64_t retried = 0;  // needed more than one try
    absl::Duration slowest;
  };
  Figures figures() const;
  // How many acknowledged writes `member` does not have, by a linearizable read.
  std::int64_t CountLost(MemberClient& member) const;

 private:
  using Clients = std::vector<std::shared_ptr<MemberClient>>;

  void RunWriter(int writer);
  void WriteOnce(const std::string& key, std::size_t* next_member);
  Clients clients() const;

  const Options options_;
  std::atomic<bool> stopping_ = false;
  mutable absl::Mutex mutex_;
  Clients clients_ ABSL_GUARDED_BY(mutex_);
  Figures figures_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::int64_t> revisions_ ABSL_GUARDED_BY(mutex_);  // of acknowledged keys
  std::vector<std::thread> threads_;
};

}  // namespace stele::process
