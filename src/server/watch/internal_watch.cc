#include "src/server/watch/internal_watch.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/raft/check.h"

namespace stele::server {
namespace {

// Stands where a client's call would.
class ListenerCall final : public Call {
 public:
  explicit ListenerCall(WatchListener listener) : listener_(std::move(listener)) {}

  std::optional<std::string> Metadata(std::string_view /*name*/) const override { return {}; }
  absl::Time deadline() const override { return absl::InfiniteFuture(); }
  std::string peer() const override { return "internal"; }
  bool ended() const override { return ended_; }

  void Write(std::span<const Bytes> parts) override {
    std::string message;
    for (const Bytes& part : parts) message += *part;
    etcdserverpb::WatchResponse response;
    STELE_CHECK(response.ParseFromString(message));
    listener_.on_response(response);
  }
  void Finish(const absl::Status& status) override {
    if (!ended_.exchange(true)) listener_.on_end(status);
  }
  void Reply(std::string /*message*/) override { STELE_CHECK(false); }

  std::size_t queued_bytes() const override {
    return listener_.reader == nullptr ? 0 : listener_.reader->queued_bytes();
  }
  void NotifyDrained(std::size_t threshold, std::function<void()> drained) override {
    if (listener_.reader == nullptr) return drained();
    listener_.reader->NotifyDrained(threshold, std::move(drained));
  }

 private:
  const WatchListener listener_;
  std::atomic<bool> ended_{false};
};

}  // namespace

std::uint64_t HubWatchSource::Begin(etcdserverpb::WatchCreateRequest request,
                                    WatchListener listener) {
  const WatchStreamId stream = hub_->OpenStream(std::make_shared<ListenerCall>(std::move(listener)),
                                                /*require_leader=*/false);
  hub_->Create(stream, std::move(request));
  return stream;
}

void HubWatchSource::End(std::uint64_t watch) {
  hub_->CloseStream(watch, absl::CancelledError("etcdserver: watch canceled"));
}

}  // namespace stele::server
