// One accepted connection: moves bytes between its transport and the protocol that its first bytes
// chose, keeps the time limits, and closes politely.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/server/front/byte_stream.h"
#include "src/server/front/connection_protocol.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/front_loop_state.h"
#include "src/server/front/output_buffer.h"

namespace stele::server {

// Used by the loop's thread only.
class ServerConnection final : public EventLoop::FdEvents,
                               public EventLoop::PassEnd,
                               public ConnectionHost {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Destroys the connection. Called at the end of a pass.
    virtual void OnConnectionClosed(ServerConnection* connection) = 0;
  };

  ServerConnection(Owner* owner, FrontLoopState* state, std::unique_ptr<ByteStream> stream,
                   std::string peer);
  ~ServerConnection() override;

  // False if the socket cannot be watched.
  bool Start();
  // Finish running calls, then close.
  void Drain();
  // Cancels what runs; the connection goes at the end of the pass.
  void Close();
  // Closes if a time limit passed.
  void CheckTimeouts();

  void OnFdEvents(std::uint32_t events) override;
  void OnPassEnd() override;
  void Wake() override;
  const std::shared_ptr<const std::string>& peer() const override { return peer_; }

  // Place in the owner's list.
  std::size_t slot = 0;

 private:
  enum class Phase { kSniffing, kOpen, kFlushing, kLingering, kClosed };

  void ReadSome();
  void OnBytes(std::string_view bytes);
  // Chooses the protocol once the first bytes allow it.
  void Sniff();
  void OnInputEnd();
  void Flush();
  void Linger();

  Owner* const owner_;
  FrontLoopState* const state_;
  const std::unique_ptr<ByteStream> stream_;
  const std::shared_ptr<const std::string> peer_;
  std::unique_ptr<ConnectionProtocol> protocol_;
  OutputBuffer output_;
  std::string first_bytes_;  // while sniffing

  Phase phase_ = Phase::kSniffing;
  bool readable_ = false;
  bool read_to_end_ = false;  // the end is in sight: no further event will tell of it
  bool writable_ = true;
  bool pass_end_asked_ = false;
  bool draining_ = false;
  const std::int64_t accepted_ns_;
  std::int64_t output_stalled_ns_ = 0;  // since when output_ waits for the socket; 0: it does not
  std::int64_t linger_until_ns_ = 0;
};

}  // namespace stele::server
