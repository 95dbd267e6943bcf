#include "src/client/connections.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/client/client.h"
#include "src/client/retry.h"

namespace stele::client {
namespace {

constexpr char kEndpointPayload[] = "stele.endpoint";
constexpr absl::Duration kReconnectPauseMin = absl::Milliseconds(50);
constexpr absl::Duration kReconnectPauseMax = absl::Seconds(1);

// A notice of a channel's next change cannot be taken back, only run out, so that this is also how
// long the destructor may have to wait for it.
constexpr absl::Duration kNoticeTimeout = absl::Milliseconds(100);

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

grpc::ChannelArguments Arguments(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
  // A silent watch has no messages of its own that would earn it the right to ping.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, Milliseconds(kReconnectPauseMin));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, Milliseconds(kReconnectPauseMax));
  // Also the limit of one attempt to connect.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(options.dial_timeout));
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // Proxies are for the web; a cluster's members are reached directly.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

}  // namespace

Connections::Connections(ClientOptions options, std::vector<Endpoint> endpoints)
    : options_(std::move(options)),
      endpoints_(std::move(endpoints)),
      notice_tags_(endpoints_.size()),
      notice_pending_(endpoints_.size(), false) {
  std::iota(notice_tags_.begin(), notice_tags_.end(), size_t{0});
  const grpc::ChannelArguments arguments = Arguments(options_);
  channels_.reserve(endpoints_.size());
  for (const Endpoint& endpoint : endpoints_) {
    // A channel connects when it is first asked to.
    channels_.push_back(grpc::CreateCustomChannel(endpoint.authority,
                                                  grpc::InsecureChannelCredentials(), arguments));
  }
}

Connections::~Connections() {
  absl::MutexLock lock(&dial_mutex_);
  changes_.Shutdown();
  void* tag = nullptr;
  bool changed = false;
  while (changes_.Next(&tag, &changed)) {
  }
}

absl::StatusOr<Connection> Connections::Pick(absl::Time deadline) {
  size_t first = 0;
  {
    absl::MutexLock lock(&mutex_);
    first = preferred_;
  }
  const auto at = [this](size_t position) {
    return Connection{position, endpoints_[position].text, channels_[position]};
  };
  if (channels_[first]->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY) return at(first);

  deadline = std::min(deadline, absl::Now() + options_.dial_timeout);
  absl::MutexLock dial_lock(&dial_mutex_);
  do {
    for (size_t i = 0; i < channels_.size(); ++i) {
      const size_t position = (first + i) % channels_.size();
      const auto state = channels_[position]->GetState(/*try_to_connect=*/true);
      if (state == GRPC_CHANNEL_READY) {
        absl::MutexLock lock(&mutex_);
        preferred_ = position;
        return at(position);
      }
      Await(position, state);
    }
  } while (WaitForChange(deadline));
  return absl::UnavailableError(absl::StrCat(
      "there is no connection available: no answer from ",
      absl::StrJoin(endpoints_, ", ",
                    [](std::string* out, const Endpoint& e) { out->append(e.text); })));
}

void Connections::Await(size_t position, grpc_connectivity_state state) {
  if (notice_pending_[position]) return;
  notice_pending_[position] = true;
  channels_[position]->NotifyOnStateChange(state, ToDeadline(absl::Now() + kNoticeTimeout),
                                           &changes_, &notice_tags_[position]);
}

bool Connections::WaitForChange(absl::Time deadline) {
  void* tag = nullptr;
  bool changed = false;
  const auto next = changes_.AsyncNext(&tag, &changed, ToDeadline(deadline));
  if (next != grpc::CompletionQueue::GOT_EVENT) return false;
  notice_pending_[*static_cast<size_t*>(tag)] = false;
  return true;
}

void Connections::MarkFailed(const Connection& connection, const absl::Status& status) {
  const bool gone = status.ok() || MayReopenStream(status) || absl::IsDeadlineExceeded(status);
  if (!gone) return;
  absl::MutexLock lock(&mutex_);
  if (preferred_ == connection.position) preferred_ = (preferred_ + 1) % channels_.size();
}

absl::Status ToStatus(const grpc::Status& status) {
  // The numbers of both enumerations are the wire's.
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

absl::Status ToStatus(const grpc::Status& status, const std::string& endpoint) {
  absl::Status result = ToStatus(status);
  if (!result.ok()) result.SetPayload(kEndpointPayload, absl::Cord(endpoint));
  return result;
}

std::string EndpointOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kEndpointPayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

std::chrono::system_clock::time_point ToDeadline(absl::Time time) {
  return absl::ToChronoTime(time);
}

}  // namespace stele::client
