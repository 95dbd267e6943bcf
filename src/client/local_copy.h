// A copy of a range of keys in memory that follows the store: for configuration and for lists of
// services, which are read often and change rarely.
//
//   auto copy = LocalCopy::Create(client, KeyRange::Prefix("config/"), [](const mvccpb::Event&
//   event) {
//     ...   // each change, in order, once
//   });
//   std::optional<std::string> level = (*copy)->Value("config/level");
//
// It is read once and then fed by a watch that survives the loss of members. When the history that
// a long absence would need has been compacted, the range is read anew and the callback hears of
// the differences. The copy is never older than the last event the callback has got.
//
// Thread-safe. The client must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/rpc.pb.h"
#include "src/client/client.h"
#include "src/client/watcher.h"

namespace stele::client {

class LocalCopy {
 public:
  // Called by the copy's own thread, one event after the other, the copy already changed. It may
  // read the copy but must not destroy it.
  using OnEvent = std::function<void(const mvccpb::Event&)>;

  // Reads the range; the callback (may be empty) hears of what changes from then on.
  static absl::StatusOr<std::unique_ptr<LocalCopy>> Create(Client& client, const KeyRange& range,
                                                           OnEvent on_event = nullptr);
  LocalCopy(const LocalCopy&) = delete;
  LocalCopy& operator=(const LocalCopy&) = delete;
  ~LocalCopy();

  // The value of a key, none when there is no such key.
  std::optional<std::string> Value(const std::string& key) const;

  // All of it, by key.
  std::map<std::string, mvccpb::KeyValue> All() const;

  // The store's revision that the copy shows.
  int64_t revision() const;

  // Waits until the copy shows `revision`, as a put answered it, or a later one. A revision counts
  // as shown when an event or a progress notice has told of it. False at the deadline or when the
  // copy has failed.
  bool WaitForRevision(int64_t revision, absl::Time deadline) const;

  // OK while the copy follows the store. An error is final: the client is refused, for instance.
  absl::Status Failure() const;

 private:
  LocalCopy(Client& client, KeyRange range, OnEvent on_event);

  // Reads the range and answers with the events that lead from the copy to it.
  absl::StatusOr<std::vector<mvccpb::Event>> Load();
  void Run();
  // Follows the watch until that is impossible or unwanted, and says why.
  absl::Status Follow();
  // Reads the range anew, however long that takes, and tells the callback what is different.
  absl::Status Reload();
  // False when the destructor has begun meanwhile.
  bool Pause(int attempt);
  void Take(const etcdserverpb::WatchResponse& response);
  // False after the destructor has begun.
  bool OpenWatch(int64_t start_revision);

  Client& client_;
  const KeyRange range_;
  const OnEvent on_event_;
  mutable absl::Mutex mutex_;
  std::map<std::string, mvccpb::KeyValue> pairs_ ABSL_GUARDED_BY(mutex_);
  int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Watcher> watcher_;  // replaced under mutex_, used by the thread
  std::thread thread_;                // last: it uses the members above
};

}  // namespace stele::client
