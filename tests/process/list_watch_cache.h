// A copy of all keys under a prefix that is built as Kubernetes builds its caches: a list in pages
// at one revision, then a watch from there on, and the list again when that revision is compacted.
// Whenever it is told the progress of its watch it is exactly at that revision, and compares itself
// with what the store shows for it.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "proto/rpc.pb.h"
#include "tests/process/member_client.h"
#include "tests/sim/random_stream.h"

namespace stele::process {

// The first key behind all keys with this prefix. REQUIRES: its last byte is not 0xff.
std::string EndOfPrefix(std::string prefix);

class ListWatchCache {
 public:
  struct Options {
    std::string prefix;
    std::uint64_t seed = 1;
    bool misses_an_event = false;  // to show that a comparison would notice
  };
  struct Figures {
    std::int64_t lists = 0;
    std::int64_t pages = 0;
    std::int64_t compacted = 0;  // lists, watches and comparisons that a compaction ended
    std::int64_t watches = 0;
    std::int64_t events = 0;
    std::int64_t progress = 0;
    std::int64_t comparisons = 0;
  };

  // Starts at once, at the member with this address.
  ListWatchCache(std::string name, const std::string& address, Options options);
  ~ListWatchCache();
  ListWatchCache(const ListWatchCache&) = delete;
  ListWatchCache& operator=(const ListWatchCache&) = delete;

  // Asks for the progress of the watch, if there is one.
  void RequestProgress();
  // Waits until it has compared itself at `revision` or a later one; false if that lasts longer.
  bool AwaitComparison(std::int64_t revision, absl::Duration timeout);
  void Stop();
  // After Stop() only.
  const Figures& figures() const { return figures_; }
  // What must not be, in words.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  using Objects = std::map<std::string, mvccpb::KeyValue>;
  struct Stream;  // of gRPC

  void Run();
  // All objects at `revision` (0: at the newest, which it sets). False if that is compacted, or
  // after a complaint.
  bool List(std::int64_t* revision, Objects* objects);
  bool AddPage(const etcdserverpb::RangeResponse& page, std::int64_t revision, Objects* objects);
  // Watches from behind revision_ until there is a reason to list again (true) or only to watch
  // again (false).
  bool Watch();
  // The answer is as of Watch, if it ends.
  std::optional<bool> Take(const etcdserverpb::WatchResponse& response);
  void Apply(const mvccpb::Event& event);
  void Compare();
  void Complain(const std::string& text);
  // For a random time of at most so long, unless it stops.
  void Rest(std::int64_t milliseconds);
  bool stopping() const;

  const std::string name_;
  const Options options_;
  MemberClient client_;
  sim::RandomStream random_;
  Objects objects_;
  std::int64_t revision_ = 0;
  std::int64_t next_restart_ns_ = 0;
  Figures figures_;
  std::vector<std::string> complaints_;

  mutable absl::Mutex mutex_;
  std::int64_t compared_ ABSL_GUARDED_BY(mutex_) = 0;
  Stream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace stele::process
