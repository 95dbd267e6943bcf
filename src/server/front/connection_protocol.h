// What is spoken on an accepted connection once its first bytes told: HTTP/1.1 or HTTP/2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/server/front/output_buffer.h"

namespace stele::server {

// The connection as its protocol sees it.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  // There may be output, or input is wanted again: look at the end of the pass.
  virtual void Wake() = 0;
  virtual const std::shared_ptr<const std::string>& peer() const = 0;
};

// Used by the loop's thread only.
class ConnectionProtocol {
 public:
  // A protocol stops producing while this much waits for the socket.
  static constexpr std::size_t kOutputHighWater = 256 * 1024;

  virtual ~ConnectionProtocol() = default;
  // False: nothing more can be understood; send what Produce gives, then close.
  [[nodiscard]] virtual bool Receive(std::string_view bytes) = 0;
  // False while input must wait for answers.
  virtual bool WantsInput() const = 0;
  // The peer sent its last byte. False: nobody is left to answer.
  [[nodiscard]] virtual bool OnInputEnd() = 0;
  // Appends what may be sent, up to the high water mark. False: close once it is written.
  [[nodiscard]] virtual bool Produce(OutputBuffer* output) = 0;
  // `output_stalled_ns`: since when (by `now_ns`) the socket has taken nothing, 0 if it does not
  // stall. False: a time limit passed, close.
  [[nodiscard]] virtual bool CheckTimeouts(std::int64_t now_ns, std::int64_t output_stalled_ns) = 0;
  // Finish what runs, start nothing new.
  virtual void Drain() = 0;
  // The connection is lost; cancels everything. Nothing else is called afterwards.
  virtual void Abandon() = 0;
};

}  // namespace stele::server
