// A client with one stream of one to three random watches (tests/history/operation_draw.h). It
// breaks off and resumes at other members, cancels watches and makes new ones on the same stream,
// asks for progress, and now and then stops reading for a while. It resumes as careful clients do:
// behind the last event or the last progress it was told.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/history/history.h"
#include "tests/process/random_scene.h"
#include "tests/sim/random_stream.h"

namespace stele::process {

class RandomWatcher {
 public:
  // Starts at once. A witness has a single watch: of everything from the first revision on.
  RandomWatcher(int number, std::uint64_t seed, bool is_witness, RandomScene* scene);
  ~RandomWatcher();
  RandomWatcher(const RandomWatcher&) = delete;
  RandomWatcher& operator=(const RandomWatcher&) = delete;

  // From now on it only watches, and nothing more that begins in the future.
  void Calm();
  // Asks for progress until every watch has been told everything up to `revision`, those excepted
  // that begin later. False if that lasts longer.
  bool AwaitRevision(std::int64_t revision, absl::Duration timeout);
  void Stop();
  // After Stop() only. `complete_to` is what AwaitRevision waited for, if it did not in vain.
  std::vector<history::WatchRecord> TakeRecords();
  // What nobody may answer, in words. After Stop() only.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  struct Watch {
    history::WatchRecord record;
    bool wants_progress = false;
    std::int64_t next = 0;  // where to resume; 0: from now
    std::int64_t id = 0;
    bool is_over = false;  // canceled; what still comes for it is judged
  };
  struct Stream;  // of gRPC

  void Run();
  void WatchMember();
  void MakeWatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Create(Watch* watch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskProgress() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False to leave the stream.
  bool Take(const etcdserverpb::WatchResponse& response);
  void Note(const etcdserverpb::WatchResponse& response, Watch* watch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteCanceled(const etcdserverpb::WatchResponse& response, Watch* watch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Mischief();
  bool HasArrived(std::int64_t revision) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LeaveStream() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string name_;
  const bool is_witness_;
  RandomScene* const scene_;
  sim::RandomStream random_;
  MemberChoice choice_;
  std::int64_t mischief_at_ns_ = 0;
  int next_name_ = 1;

  mutable absl::Mutex mutex_;
  std::vector<std::unique_ptr<Watch>> watches_ ABSL_GUARDED_BY(mutex_);
  std::vector<history::WatchRecord> ended_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> complaints_;
  Stream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  bool is_calm_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace stele::process
