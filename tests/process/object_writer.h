// Writers in the manner of Kubernetes: objects are created, changed and deleted by transactions
// that compare the revision at which the object was last changed; some objects hang on leases and
// end by themselves; a compactor keeps the history short.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "proto/rpc.pb.h"
#include "tests/process/member_client.h"
#include "tests/sim/random_stream.h"

namespace stele::process {

// One key of 1 to `count` under the prefix.
std::string ObjectKey(const std::string& prefix, std::uint64_t number);

class ObjectWriter {
 public:
  struct Options {
    std::string prefix;
    std::uint64_t objects = 1000;
    std::uint64_t seed = 1;
    bool on_leases = false;
  };
  struct Figures {
    std::int64_t created = 0;
    std::int64_t changed = 0;
    std::int64_t deleted = 0;
    std::int64_t conflicts = 0;
  };

  ObjectWriter(int number, const std::string& address, Options options);
  ~ObjectWriter();
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  void Stop();
  // After Stop() only.
  const Figures& figures() const { return figures_; }
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void Run();
  void WriteOnce();
  // Tells whether the transaction was done; if not, what the object is instead.
  bool Commit(const std::string& key, const etcdserverpb::RequestOp& change);
  void RenewLease();

  const int number_;
  const Options options_;
  MemberClient client_;
  sim::RandomStream random_;
  std::map<std::string, std::int64_t> known_;  // mod revisions, right or not
  std::int64_t lease_ = 0;
  std::int64_t lease_until_ns_ = 0;
  std::uint64_t next_value_ = 1;
  Figures figures_;
  std::vector<std::string> complaints_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// Agrees with the others of its kind, by a key of their own, who compacts next, and compacts what
// was the newest revision one interval ago.
class IntervalCompactor {
 public:
  IntervalCompactor(const std::string& address, absl::Duration interval);
  ~IntervalCompactor();
  IntervalCompactor(const IntervalCompactor&) = delete;
  IntervalCompactor& operator=(const IntervalCompactor&) = delete;

  void Stop();
  // After Stop() only.
  std::int64_t compactions() const { return compactions_; }
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void Run();
  void CompactOnce();

  MemberClient client_;
  const absl::Duration interval_;
  std::int64_t turn_ = 0;  // version of the key
  std::int64_t revision_ = 0;
  std::int64_t compactions_ = 0;
  std::vector<std::string> complaints_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace stele::process
