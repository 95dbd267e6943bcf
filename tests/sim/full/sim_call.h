// One remote call as a simulated client sees it. Messages arrive in order after the call's delay; a
// client that does not read makes them queue up at the server, as flow control does.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/server/api/call.h"
#include "tests/sim/event_queue.h"

namespace stele::sim {

class SimCall final : public server::Call, public std::enable_shared_from_this<SimCall> {
 public:
  // On the client's side. Neither is called after Leave; `finished` is called at most once.
  struct Outputs {
    std::function<void(const std::string& message)> message;
    std::function<void(const absl::Status& status)> finished;
  };

  SimCall(EventQueue* queue, Micros delay, Outputs outputs)
      : queue_(queue), delay_(delay), outputs_(std::move(outputs)) {}

  std::optional<std::string> Metadata(std::string_view /*name*/) const override {
    return std::nullopt;
  }
  absl::Time deadline() const override { return absl::InfiniteFuture(); }
  std::string peer() const override { return "client"; }
  bool ended() const override { return ended_; }
  void Write(std::span<const Bytes> parts) override;
  void Finish(const absl::Status& status) override;
  void Reply(std::string message) override;
  std::size_t queued_bytes() const override { return held_bytes_; }
  void NotifyDrained(std::size_t threshold, std::function<void()> drained) override;

  // The client's side: it stops or goes on reading; it goes away.
  void SetReading(bool reading);
  void Leave();
  // The server's process is gone.
  void Break();

 private:
  void Deliver(std::string message);
  void CallDrained();

  EventQueue* const queue_;
  const Micros delay_;
  Outputs outputs_;
  bool ended_ = false;
  bool left_ = false;
  bool reads_ = true;
  std::vector<std::string> held_;
  std::size_t held_bytes_ = 0;
  std::vector<std::pair<std::size_t, std::function<void()>>> waiting_;
};

}  // namespace stele::sim
