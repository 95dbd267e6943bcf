#include "tests/sim/full/client_port.h"

#include <utility>

#include "absl/status/status.h"

namespace stele::sim {

void ClientPort::CallUnary(raft::NodeId id, std::string_view path, std::string request,
                           RandomStream* random, std::function<void(const Member&)> arrived,
                           Done done) const {
  struct Exchange {
    Done done;
    bool has_ended = false;
    std::string reply;
    std::shared_ptr<SimCall> call;

    void End(const absl::Status& status) {
      if (std::exchange(has_ended, true)) return;
      call->Leave();
      done(status, reply);
    }
  };
  // Kept alive by the timer below; the call must not, or both would live for ever.
  auto exchange = std::make_shared<Exchange>();
  exchange->done = std::move(done);
  const std::weak_ptr<Exchange> weak = exchange;
  const SimCall::Outputs outputs{[weak](const std::string& message) {
                                   if (const auto open = weak.lock()) open->reply = message;
                                 },
                                 [weak](const absl::Status& status) {
                                   if (const auto open = weak.lock()) open->End(status);
                                 }};
  exchange->call = std::make_shared<SimCall>(queue, DrawDelay(random), outputs);
  queue->After(kPatience, [exchange] { exchange->End(absl::UnavailableError("no answer")); });
  Reach(
      id, DrawDelay(random),
      [path = std::string(path), exchange, request = std::move(request),
       arrived = std::move(arrived)](Member* member) {
        if (exchange->has_ended) return;
        arrived(*member);
        RoomsOf(member)->CallUnary(path, exchange->call, request);
      },
      [exchange] { exchange->End(absl::FailedPreconditionError("connection refused")); });
}

}  // namespace stele::sim
