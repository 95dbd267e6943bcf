// The ports of the node, and when they open.
#include <memory>
#include <utility>

#include "src/server/node.h"
#include "src/server/node_parts.h"

namespace stele::server {
namespace {

// What a port says that speaks gRPC only.
class NoRoutes final : public HttpRoutes {
 public:
  void Handle(const HttpRequest& /*request*/, HttpRespond respond) override {
    HttpResponse response;
    response.status = 404;
    response.body = "404 page not found\n";
    respond(std::move(response));
  }
};

// For ports that speak HTTP only.
const MethodTable& NoMethods() {
  static const MethodRows none;
  return none;
}

FrontOptions ClientFrontOptions(const Options& options, const std::vector<std::string>& urls) {
  FrontOptions front;
  front.listen_addresses = HostPorts(urls);
  front.max_receive_message_bytes = options.max_request_bytes + (std::size_t{512} << 10U);
  front.max_concurrent_streams = static_cast<std::uint32_t>(options.max_concurrent_streams);
  front.keepalive_min_client_interval = options.grpc_keepalive_min_time;
  const auto or_never = [](absl::Duration duration) {
    return duration == absl::ZeroDuration() ? absl::InfiniteDuration() : duration;
  };
  front.keepalive_interval = or_never(options.grpc_keepalive_interval);
  front.keepalive_timeout = or_never(options.grpc_keepalive_timeout);
  return front;
}

}  // namespace

absl::Status Node::BindFronts() {
  FrontOptions peer;
  peer.listen_addresses = HostPorts(options_.listen_peer_urls);
  peer.max_receive_message_bytes = std::size_t{64} << 20U;
  peer.receive_stall_timeout = absl::InfiniteDuration();
  peer_front_ = std::make_unique<Front>(std::move(peer));
  client_front_ =
      std::make_unique<Front>(ClientFrontOptions(options_, options_.listen_client_urls));
  absl::Status status =
      Prefix("--listen-peer-urls: ", peer_front_->Bind(&peer_methods_, http_.get()));
  const auto bind_more = [&](const char* flag, const std::vector<std::string>& urls,
                             std::unique_ptr<Front>* front) {
    if (urls.empty() || !status.ok()) return;
    *front = std::make_unique<Front>(ClientFrontOptions(options_, urls));
    status = Prefix(flag, (*front)->Bind(&NoMethods(), http_.get()));
  };
  bind_more("--listen-metrics-urls: ", options_.listen_metrics_urls, &metrics_front_);
  bind_more("--listen-client-http-urls: ", options_.listen_client_http_urls, &http_front_);
  if (!status.ok()) return status;
  static NoRoutes no_routes;
  HttpRoutes* routes = http_front_ == nullptr ? http_.get() : static_cast<HttpRoutes*>(&no_routes);
  return Prefix("--listen-client-urls: ", client_front_->Bind(&client_methods_, routes));
}

// Peers are needed to find a leader, and whoever watches this member may see it seek one.
absl::Status Node::ServePeers() {
  absl::Status status = Prefix("--listen-peer-urls: ", peer_front_->Serve());
  if (!status.ok() || metrics_front_ == nullptr) return status;
  return Prefix("--listen-metrics-urls: ", metrics_front_->Serve());
}

absl::Status Node::ServeClients(const std::function<bool()>& give_up) {
  absl::Status status = PublishAttributes(give_up);
  if (status.ok()) status = AwaitVote(give_up);
  if (status.ok()) status = ConcludeRepair();
  if (status.ok() && http_front_ != nullptr) {
    status = Prefix("--listen-client-http-urls: ", http_front_->Serve());
  }
  if (!status.ok()) return status;
  return Prefix("--listen-client-urls: ", client_front_->Serve());
}

void Node::CloseClientPorts(absl::Duration patience) {
  client_front_->GracefulStop(patience);
  if (http_front_ != nullptr) http_front_->GracefulStop(patience);
}

}  // namespace stele::server
