// Waits in a queue of keys (queue_keys.h) until everybody in front has gone, by watching the key
// right in front only.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "src/server/api/ports.h"

namespace stele::server {

class QueueWait : public std::enable_shared_from_this<QueueWait> {
 public:
  // Called once, by any thread: ok when nobody in front is left.
  using Done = absl::AnyInvocable<void(const absl::Status&)>;

  // Waits for all keys below `prefix` that were created at `create_revision_max` or before.
  // The reader and the watches outlive this.
  static std::shared_ptr<QueueWait> Start(Reader* reader, WatchSource* watches, std::string prefix,
                                          std::int64_t create_revision_max, Done done);

  // `done` hears kCancelled unless it was called already. Any thread.
  void Cancel();

 private:
  QueueWait(Reader* reader, WatchSource* watches, std::string prefix,
            std::int64_t create_revision_max, Done done);
  // Looks who is in front.
  void Look();
  void OnView(const absl::StatusOr<Reader::View>& view);
  void WatchUntilGone(const std::string& key, std::int64_t revision);
  void OnResponse(std::uint64_t step, const etcdserverpb::WatchResponse& response);
  // Ends the watch in hand and makes what it still says meaningless. False: all is over.
  bool NextStep(std::uint64_t expected_step);
  void Finish(const absl::Status& status);

  Reader* const reader_;
  WatchSource* const watches_;
  const std::string prefix_;
  const std::int64_t create_revision_max_;

  std::mutex mutex_;  // guards what follows; never held while something else is called back
  Done done_;         // null once called
  std::uint64_t step_ = 0;
  std::uint64_t watch_ = 0;  // 0: none
};

}  // namespace stele::server
