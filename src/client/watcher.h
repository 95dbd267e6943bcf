// A watch over a range of keys that survives the loss of its connection.
//
//   stele::client::Watcher watcher(client, request);   // an etcdserverpb::WatchCreateRequest
//   while (true) {
//     auto response = watcher.Next();
//     if (!response.ok()) ...                         // the watch is over
//     for (const mvccpb::Event& event : response->events()) ...
//   }
//
// Every event from the start revision on is delivered once and in order. When the connection breaks
// or the member goes away, the watch is opened again on another endpoint behind the last revision
// that was delivered. Fragments are put together: the events of one revision always come in one
// response.
//
// The watch makes progress only inside its methods, in the caller's thread; nothing is buffered
// beyond the connection's own window. One thread at a time may use a watcher, except for Cancel.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc.pb.h"
#include "src/client/client.h"

namespace stele::client {

class Watcher {
 public:
  // Connects on first use. The request's start revision of 0 means from now on. The client's
  // connections are shared and stay open as long as the watcher lives.
  Watcher(const Client& client, etcdserverpb::WatchCreateRequest request);
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  // Waits until the server has confirmed the watch: events after this are certain to be seen.
  // DeadlineExceeded leaves the watch as it was. Other errors are final.
  absl::Status WaitUntilCreated(absl::Time deadline);

  // The next response with events or progress. DeadlineExceeded leaves the watch as it was; every
  // other error is final, Cancelled after Cancel. The end of a watch by the server is a response
  // with `canceled` set (and `compact_revision`, when its history is gone); the call after that one
  // answers FailedPrecondition.
  absl::StatusOr<etcdserverpb::WatchResponse> Next(absl::Time deadline = absl::InfiniteFuture());

  // The first revision that has not been delivered yet; 0 before a watch "from now on" is created.
  int64_t next_revision() const;

  // How often the watch had to be opened again.
  int64_t reopened_count() const;

  // Ends the watch from any thread; a waiting call returns.
  void Cancel();
  bool cancelled() const;

 private:
  class Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace stele::client
