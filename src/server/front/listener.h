// A listening socket on a loop: accepts connections while there is room, and rests instead of
// spinning when the process runs out of descriptors.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/socket_address.h"

namespace stele::server {

class Listener final : public EventLoop::FdEvents {
 public:
  // Owns the new socket and its peer's name.
  using Accepted = std::function<void(int fd, std::string peer)>;
  // Whether one more connection may be accepted now.
  using HasRoom = std::function<bool()>;

  // Binds and listens; any thread. Nothing is accepted before Start.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(EventLoop* loop, const std::string& address,
                                                        HasRoom has_room, Accepted accepted);
  ~Listener() override;

  // "127.0.0.1:43211": the address with the port the kernel chose.
  const SocketAddress& bound_address() const { return bound_; }

  // The rest is for the loop's thread.
  absl::Status Start();
  // There may be room again.
  void Resume();
  // Closes the socket; waiting clients are refused.
  void Close();
  void OnFdEvents(std::uint32_t events) override;

 private:
  Listener(EventLoop* loop, int fd, SocketAddress bound, HasRoom has_room, Accepted accepted);
  void AcceptSome();

  EventLoop* const loop_;
  int fd_;
  const SocketAddress bound_;
  const HasRoom has_room_;
  const Accepted accepted_;
  bool resting_ = false;
  EventLoop::TimerId rest_timer_;
};

}  // namespace stele::server
