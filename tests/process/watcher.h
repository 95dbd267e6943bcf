// A client that watches every key of the load from revision 1 on and notes all events. When its
// stream breaks it resumes behind the last revision it saw, as any careful client would.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/history/history.h"
#include "tests/process/member_client.h"

namespace grpc {
class ClientContext;
}

namespace stele::process {

class Watcher {
 public:
  struct Options {
    std::size_t first_member = 0;
    // Stay with the first member and wait for its return, instead of going on with the next one.
    bool stays = false;
    bool with_previous = false;
  };

  // Starts to watch at once.
  Watcher(std::string name, const std::vector<std::string>& addresses, Options options);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Waits until an event of `revision` or a later one has arrived; false if that lasts longer.
  bool AwaitRevision(std::int64_t revision, absl::Duration timeout);

  std::int64_t resumptions() const;

  void Stop();
  // What arrived. A server that ended the watch by itself left a line in `complaints`. After Stop()
  // only.
  history::WatchRecord TakeRecord();
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void Run();
  // Watches until the stream ends.
  void WatchMember(MemberClient& client);
  void Note(const etcdserverpb::WatchResponse& response);

  Options options_;
  std::vector<std::unique_ptr<MemberClient>> clients_;
  std::vector<std::string> complaints_;

  mutable absl::Mutex mutex_;
  history::WatchRecord record_ ABSL_GUARDED_BY(mutex_);
  std::int64_t last_revision_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t streams_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;  // Of the open stream.
  std::thread thread_;
};

}  // namespace stele::process
