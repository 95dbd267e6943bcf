#include "bench/load/worker.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include "bench/load/grpc_frame.h"
#include "fmt/format.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

constexpr std::int64_t kTickNs = 50'000'000;
constexpr int kEventsMax = 64;
constexpr std::size_t kErrorTextMax = 100;

std::string KindOf(const CallEnd& end) {
  if (end.grpc_status < 0) return std::string(end.transport);
  return fmt::format("{}: {}", GrpcCodeName(end.grpc_status),
                     end.grpc_message.substr(0, kErrorTextMax));
}

// The owner is the only writer, so no locked instruction is needed.
void Increment(std::atomic<std::uint64_t>* count) {
  count->store(count->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

std::int64_t MonotonicNs() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// A link, the clients that wait for it to come up, and whether it has unflushed requests.
struct Worker::Line {
  Line(int epoll_fd, const Endpoint* endpoint) : link(epoll_fd, endpoint) {}
  Link link;  // first, so that the event data of the link points to the line as well
  std::vector<Client*> parked;
  bool touched = false;
};

class Worker::Client final : public Call {
 public:
  Client(Worker* owner, Line* home) : worker(owner), line(home) {}
  void OnData(std::string_view bytes) override { worker->result_.response_bytes += bytes.size(); }
  void OnEnd(const CallEnd& end) override { worker->OnEnd(this, end); }

  Worker* const worker;
  Line* const line;
  Request request;
  std::int64_t intended_ns = 0;  // latency counts from here
  std::int64_t issued_ns = 0;    // the timeout counts from here
  bool in_flight = false;
};

Worker::Worker(const Plan& plan, std::unique_ptr<Workload> workload)
    : timeout_ns_(absl::ToInt64Nanoseconds(plan.timeout)),
      stop_(plan.stop),
      workload_(std::move(workload)),
      read_buffer_(std::make_unique<Connection::ReadBuffer>()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  STELE_CHECK(epoll_.valid());
  result_.latencies.resize(workload_->operations().size());
  for (const LinkPlan& link : plan.links) {
    lines_.push_back(std::make_unique<Line>(epoll_.get(), link.endpoint));
    for (std::uint32_t i = 0; i < link.clients; ++i) {
      clients_.push_back(std::make_unique<Client>(this, lines_.back().get()));
      free_.push_back(clients_.back().get());
    }
  }
}

Worker::~Worker() = default;

absl::Status Worker::Connect() {
  const std::int64_t deadline_ns = MonotonicNs() + timeout_ns_;
  for (const auto& line : lines_) {
    line->link.Connect();
    while (!line->link.up()) {
      if (!line->link.last_failure().ok()) return line->link.last_failure();
      if (MonotonicNs() >= deadline_ns || stop_->load(std::memory_order_relaxed)) {
        return absl::DeadlineExceededError(line->link.endpoint().authority +
                                           ": not connected in time");
      }
      WaitAndServe(std::min(deadline_ns, MonotonicNs() + kTickNs));
    }
  }
  return absl::OkStatus();
}

void Worker::Run(const Pacer::Plan& pace) {
  pacer_ = Pacer(pace);
  if (pace.end_ns != Pacer::kNever) give_up_ns_ = pace.end_ns + timeout_ns_;
  last_up_ns_ = MonotonicNs();
  result_.last_end_ns = pace.start_ns;
  std::int64_t next_tick_ns = last_up_ns_ + kTickNs;
  for (;;) {
    StartDue();
    FlushTouched();
    const std::int64_t now_ns = MonotonicNs();
    if (in_flight_ == 0 && pacer_.Exhausted(now_ns)) return;
    // Without a free client the next start is triggered by an answer, not by the time.
    const std::int64_t next_start_ns = free_.empty() ? Pacer::kNever : pacer_.NextStart(now_ns);
    WaitAndServe(std::min(next_start_ns, next_tick_ns));
    if (const std::int64_t after_ns = MonotonicNs(); after_ns >= next_tick_ns) {
      Tick(after_ns);
      next_tick_ns = after_ns + kTickNs;
    }
  }
}

void Worker::WaitAndServe(std::int64_t until_ns) {
  const std::int64_t wait_ns = std::max<std::int64_t>(until_ns - MonotonicNs(), 0);
  const timespec wait = {.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
  std::array<epoll_event, kEventsMax> events;
  const int ready = ::epoll_pwait2(epoll_.get(), events.data(), kEventsMax, &wait, nullptr);
  STELE_CHECK(ready >= 0 || errno == EINTR);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Link*>(event.data.ptr)->OnEvents(event.events, read_buffer_.get());
    // At once and not after all events, so that the server gets new work while we read on.
    StartDue();
    FlushTouched();
  }
}

void Worker::StartDue() {
  while (!free_.empty()) {
    const std::int64_t now_ns = MonotonicNs();
    if (pacer_.NextStart(now_ns) > now_ns) return;
    Client* client = free_.front();
    free_.pop_front();
    if (!client->line->link.up()) {
      client->line->parked.push_back(client);
      continue;
    }
    client->intended_ns = *pacer_.TakeStart(now_ns);
    client->issued_ns = now_ns;
    client->in_flight = true;
    ++in_flight_;
    workload_->Prepare(&client->request);
    client->line->link.connection().Start(client, client->request.path, client->request.body);
    Touch(client->line);
  }
}

void Worker::Touch(Line* line) {
  if (line->touched) return;
  line->touched = true;
  touched_.push_back(line);
}

void Worker::FlushTouched() {
  for (Line* line : touched_) {
    line->touched = false;
    line->link.Flush();
  }
  touched_.clear();
}

void Worker::OnEnd(Client* client, const CallEnd& end) {
  const std::int64_t now_ns = MonotonicNs();
  result_.last_end_ns = now_ns;
  if (end.ok()) {
    result_.latencies[client->request.operation].Record(now_ns - client->intended_ns);
    Increment(&completed_);
  } else {
    result_.errors.Count(KindOf(end));
    Increment(&failed_);
  }
  client->in_flight = false;
  --in_flight_;
  free_.push_back(client);
}

void Worker::Tick(std::int64_t now_ns) {
  if (stop_->load(std::memory_order_relaxed)) pacer_.Stop();
  if (now_ns >= give_up_ns_ && !pacer_.Exhausted(now_ns)) {
    result_.errors.Count("not started: no client was free", pacer_.Overdue(now_ns));
    pacer_.Stop();
  }
  ExpireCalls(now_ns);
  Reconnect(now_ns);
}

void Worker::ExpireCalls(std::int64_t now_ns) {
  for (const auto& client : clients_) {
    if (!client->in_flight || now_ns - client->issued_ns < timeout_ns_) continue;
    client->line->link.connection().Cancel(client.get(), "timeout of the load generator");
    Touch(client->line);
  }
}

void Worker::Reconnect(std::int64_t now_ns) {
  bool any_up = false;
  for (const auto& line : lines_) {
    if (!line->link.up()) {
      line->link.Connect();
      continue;
    }
    any_up = true;
    free_.insert(free_.end(), line->parked.begin(), line->parked.end());
    line->parked.clear();
  }
  if (any_up) {
    last_up_ns_ = now_ns;
  } else if (now_ns - last_up_ns_ >= timeout_ns_ && result_.status.ok()) {
    result_.status = absl::UnavailableError("no connection to any endpoint");
    pacer_.Stop();
  }
}

}  // namespace stele::load
