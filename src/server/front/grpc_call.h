// A gRPC call on HTTP/2 as handlers see it. Any thread may answer; what it writes is handed to the
// connection's loop once a batch, not once a write.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "src/server/api/call.h"
#include "src/server/front/loop_mailbox.h"
#include "src/server/front/stream_output.h"

namespace stele::server {

class ServerStream;

using OutputParts = absl::InlinedVector<OutputPart, 1>;

class GrpcCall final : public Call, public std::enable_shared_from_this<GrpcCall> {
 public:
  // `fields` as RequestHead stores them. `stream` outlives the call's attachment: see Detach.
  GrpcCall(std::shared_ptr<LoopMailbox> mailbox, ServerStream* stream, std::string fields,
           absl::Time deadline, std::shared_ptr<const std::string> peer);

  std::optional<std::string> Metadata(std::string_view name) const override;
  absl::Time deadline() const override { return deadline_; }
  std::string peer() const override { return *peer_; }
  bool ended() const override { return ended_.load(std::memory_order_acquire); }
  using Call::Write;
  void Write(std::span<const Bytes> parts) override;
  void Finish(const absl::Status& status) override;
  void Reply(std::string message) override;
  std::size_t queued_bytes() const override {
    return queued_bytes_.load(std::memory_order_acquire);
  }
  void NotifyDrained(std::size_t threshold, std::function<void()> drained) override;

  void NotifyCancelled(std::function<void()> cancelled) override;

  // For the stream, on the loop's thread.

  // Tells whoever asked, unless the call had ended before; later, when nobody is in the depths of
  // framing.
  void TellCancelled();

  // `bytes` went to the peer's window.
  void OnTaken(std::size_t bytes);
  // Nothing more can be sent, whatever handlers do. Returns whether the call had ended before.
  bool MarkEnded();
  // MarkEnded, and the stream is about to go away.
  void Detach();

 private:
  struct Drain {
    std::size_t threshold;
    std::function<void()> drained;
  };

  // Passes what was written to the stream: now if this is its thread, else by one task.
  void HandOver(bool already_posted);
  void DeliverOutput();

  const std::shared_ptr<LoopMailbox> mailbox_;
  const std::string fields_;
  const absl::Time deadline_;
  const std::shared_ptr<const std::string> peer_;
  std::atomic<std::size_t> queued_bytes_ = 0;
  std::atomic<bool> ended_ = false;

  // Guards the seven members below. (Not absl::Mutex: see LoopMailbox.)
  std::mutex mutex_;
  OutputParts parts_;
  bool posted_ = false;  // a DeliverOutput is on its way
  bool finished_ = false;
  absl::Status status_;
  bool is_cancelled_ = false;
  bool stream_is_open_ = true;
  std::function<void()> cancelled_;

  ServerStream* stream_;       // loop's thread; null once detached
  std::vector<Drain> drains_;  // loop's thread
  bool given_up_ = false;      // loop's thread; queued_bytes_ is 0 for good
};

}  // namespace stele::server
