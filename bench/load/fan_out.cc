#include "bench/load/fan_out.h"

#include <sys/epoll.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "bench/load/grpc_frame.h"
#include "bench/load/key_sequence.h"
#include "bench/load/message_reader.h"
#include "bench/load/monotonic_clock.h"
#include "bench/load/watch_message.h"
#include "fmt/format.h"
#include "proto/rpc.pb.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

constexpr std::int64_t kTickNs = 50'000'000;

std::string KeyOf(const Options& options) { return std::string(options.key_size, '0'); }

}  // namespace

class FanOut::WatchStream final : public Call {
 public:
  explicit WatchStream(FanOut* owner) : owner_(owner) {}
  void OnData(std::string_view bytes) override {
    owner_->result_.response_bytes += bytes.size();
    reader_.Feed(bytes, [this](std::string_view message) {
      owner_->OnWatchMessage(message);
      return true;
    });
  }
  void OnEnd(const CallEnd& end) override {
    owner_->GiveUp(end.grpc_status < 0 ? end.transport : end.grpc_message);
  }

 private:
  FanOut* const owner_;
  MessageReader reader_;
};

class FanOut::PutClient final : public Call {
 public:
  explicit PutClient(FanOut* owner) : owner_(owner) {}
  void OnData(std::string_view bytes) override { owner_->result_.response_bytes += bytes.size(); }
  void OnEnd(const CallEnd& end) override {
    answered = true;
    owner_->OnPutEnd(this, end);
  }

  std::uint64_t number = 0;
  bool answered = true;
  std::string body;

 private:
  FanOut* const owner_;
};

FanOut::FanOut(const Options& options, const std::vector<Endpoint>& endpoints,
               const std::atomic<bool>* stop)
    : options_(options),
      stop_(stop),
      timeout_ns_(absl::ToInt64Nanoseconds(options.timeout)),
      read_buffer_(std::make_unique<Connection::ReadBuffer>()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      random_(options.value_size, options.seed) {
  STELE_CHECK(epoll_.valid());
  STELE_CHECK(options_.value_size >= kNumberBytes && options_.streams > 0);
  for (std::uint32_t i = 0; i <= options_.conns; ++i) {
    links_.push_back(std::make_unique<Link>(epoll_.get(), &endpoints[i % endpoints.size()]));
  }
  for (std::uint32_t i = 0; i < options_.streams; ++i) {
    streams_.push_back(std::make_unique<WatchStream>(this));
  }
  etcdserverpb::PutRequest put;
  put.set_key(KeyOf(options_));
  put.set_value(std::string(options_.value_size, 'v'));
  shape_ = FrameGrpcMessage(put.SerializeAsString());
  for (std::uint32_t i = 0; i < options_.clients; ++i) {
    clients_.push_back(std::make_unique<PutClient>(this));
    free_.push_back(clients_.back().get());
  }
}

// What is under way on the links ends now, and tells us so while all of us is still there.
FanOut::~FanOut() { links_.clear(); }

absl::Status FanOut::Connect() {
  const std::int64_t deadline_ns = MonotonicNs() + timeout_ns_;
  for (const auto& link : links_) {
    link->Connect();
    while (!link->up()) {
      if (!link->last_failure().ok()) return link->last_failure();
      if (MonotonicNs() >= deadline_ns || stop_->load(std::memory_order_relaxed)) {
        return absl::DeadlineExceededError(link->endpoint().authority + ": not connected in time");
      }
      Wait(std::min(deadline_ns, MonotonicNs() + kTickNs));
    }
  }
  return absl::OkStatus();
}

absl::Status FanOut::CreateWatchers() {
  etcdserverpb::WatchRequest request;
  request.mutable_create_request()->set_key(KeyOf(options_));
  const std::string framed = FrameGrpcMessage(request.SerializeAsString());
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Link* link = links_[i % (links_.size() - 1)].get();
    if (!link->up()) break;
    link->connection().Open(streams_[i].get(), "/etcdserverpb.Watch/Watch");
    const bool takes_one_more = i < options_.watchers % streams_.size();
    const std::uint64_t share = options_.watchers / streams_.size() + (takes_one_more ? 1 : 0);
    for (std::uint64_t n = 0; n < share && result_.status.ok(); ++n) {
      link->connection().Send(streams_[i].get(), framed);
    }
    link->Flush();
  }
  const std::int64_t deadline_ns = MonotonicNs() + timeout_ns_;
  while (created_ < options_.watchers && result_.status.ok()) {
    if (MonotonicNs() >= deadline_ns || stop_->load(std::memory_order_relaxed)) {
      return absl::DeadlineExceededError(
          fmt::format("{} of {} watchers created in time", created_, options_.watchers));
    }
    Wait(MonotonicNs() + kTickNs);
  }
  return result_.status;
}

void FanOut::Run(const Pacer::Plan& pace) {
  pacer_ = Pacer(pace);
  result_.last_end_ns = pace.start_ns;
  result_.response_bytes = 0;
  const bool ends = pace.end_ns != Pacer::kNever;
  const std::int64_t give_up_ns = ends ? pace.end_ns + timeout_ns_ : Pacer::kNever;
  std::int64_t next_tick_ns = MonotonicNs() + kTickNs;
  for (;;) {
    StartDue();
    const std::int64_t now_ns = MonotonicNs();
    if (puts_.empty() && pacer_.Exhausted(now_ns)) return;
    const std::int64_t next_start_ns = free_.empty() ? Pacer::kNever : pacer_.NextStart(now_ns);
    Wait(std::min(next_start_ns, next_tick_ns));
    const std::int64_t after_ns = MonotonicNs();
    if (after_ns < next_tick_ns) continue;
    next_tick_ns = after_ns + kTickNs;
    if (after_ns >= give_up_ns) {
      result_.errors.Count("not started: no client was free", pacer_.Overdue(after_ns));
    }
    if (stop_->load(std::memory_order_relaxed) || after_ns >= give_up_ns) pacer_.Stop();
    Expire(after_ns);
  }
}

void FanOut::Wait(std::int64_t until_ns) {
  ServeLinks(epoll_.get(), until_ns, read_buffer_.get(), [this] { StartDue(); });
}

void FanOut::StartDue() {
  Link* link = links_.back().get();
  bool started = false;
  while (!free_.empty()) {
    const std::int64_t now_ns = MonotonicNs();
    if (pacer_.NextStart(now_ns) > now_ns) break;
    if (!link->up()) {
      GiveUp("the connection of the puts was lost");
      break;
    }
    PutClient* client = free_.front();
    free_.pop_front();
    client->number = first_number_ + puts_.size();
    puts_.push_back({.intended_ns = *pacer_.TakeStart(now_ns),
                     .issued_ns = now_ns,
                     .watchers_left = options_.watchers,
                     .client = client});
    client->body = shape_;
    const std::span<char> value(client->body.data() + client->body.size() - options_.value_size,
                                options_.value_size);
    KeySequence::Write(client->number, value.first(kNumberBytes));
    random_.Fill(value.subspan(kNumberBytes));
    client->answered = false;
    link->connection().Start(client, "/etcdserverpb.KV/Put", client->body);
    started = true;
  }
  if (started) link->Flush();
}

void FanOut::OnWatchMessage(std::string_view message) {
  values_.clear();
  const std::optional<WatchMessage> answer = ReadWatchMessage(message, &values_);
  if (!answer.has_value()) return GiveUp("an answer to a watch cannot be parsed");
  if (answer->canceled) return GiveUp(fmt::format("watch canceled: {}", answer->cancel_reason));
  if (answer->created) ++created_;
  for (const std::string_view value : values_) OnEvent(value);
}

void FanOut::OnEvent(std::string_view value) {
  ++result_.events;
  std::uint64_t number = 0;
  const std::string_view digits = value.substr(0, kNumberBytes);
  if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc()) {
    return GiveUp("an event with a value that was not written by this run");
  }
  Put* put = PutOf(number);
  if (put == nullptr || put->over) return;
  --put->watchers_left;
  FinishIfComplete(put);
}

void FanOut::OnPutEnd(PutClient* client, const CallEnd& end) {
  Put* put = PutOf(client->number);
  if (put == nullptr || put->over) {
    free_.push_back(client);  // it expired before its answer came
    return;
  }
  if (!end.ok()) {
    return EndPut(put, end.grpc_status < 0 ? std::string(end.transport)
                                           : fmt::format("{}: {}", GrpcCodeName(end.grpc_status),
                                                         end.grpc_message));
  }
  put->acknowledged = true;
  result_.acknowledged.Record(MonotonicNs() - put->intended_ns);
  FinishIfComplete(put);
}

void FanOut::FinishIfComplete(Put* put) {
  if (put->watchers_left == 0 && put->acknowledged) EndPut(put, "");
}

// Ends a put, without success if there is a failure.
void FanOut::EndPut(Put* put, std::string_view failure) {
  result_.last_end_ns = MonotonicNs();
  if (failure.empty()) {
    result_.delivered.Record(result_.last_end_ns - put->intended_ns);
    delivered_.fetch_add(1, std::memory_order_relaxed);
  } else {
    result_.errors.Count(failure);
    failed_.fetch_add(1, std::memory_order_relaxed);
  }
  put->over = true;
  if (put->client->answered) free_.push_back(put->client);
  while (!puts_.empty() && puts_.front().over) {
    puts_.pop_front();
    ++first_number_;
  }
}

FanOut::Put* FanOut::PutOf(std::uint64_t number) {
  if (number < first_number_ || number - first_number_ >= puts_.size()) return nullptr;
  return &puts_[number - first_number_];
}

void FanOut::Expire(std::int64_t now_ns) {
  // From the back, because ending a put may take others away from the front.
  for (std::size_t i = puts_.size(); i > 0; --i) {
    Put* put = &puts_[i - 1];
    if (put->over || now_ns - put->issued_ns < timeout_ns_) continue;
    EndPut(put, fmt::format("{} of the watchers not reached in time",
                            put->watchers_left == options_.watchers ? "all" : "some"));
    i = std::min(i, puts_.size() + 1);
  }
}

void FanOut::GiveUp(std::string_view reason) {
  if (result_.status.ok()) {
    result_.status =
        absl::UnavailableError(reason.empty() ? "a watch stream ended" : std::string(reason));
  }
  pacer_.Stop();
}

}  // namespace stele::load
