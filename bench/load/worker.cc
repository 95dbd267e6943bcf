#include "bench/load/worker.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "bench/load/grpc_frame.h"
#include "bench/load/message_reader.h"
#include "bench/load/monotonic_clock.h"
#include "fmt/format.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

constexpr std::int64_t kTickNs = 50'000'000;
constexpr std::size_t kErrorTextMax = 100;

std::string KindOf(const CallEnd& end) {
  if (end.ok()) return "the server ended the stream";
  if (end.grpc_status < 0) return std::string(end.transport);
  return fmt::format("{}: {}", GrpcCodeName(end.grpc_status),
                     end.grpc_message.substr(0, kErrorTextMax));
}

// The owner is the only writer, so no locked instruction is needed.
void Increment(std::atomic<std::uint64_t>* count) {
  count->store(count->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

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
  void OnData(std::string_view bytes) override {
    worker->result_.response_bytes += bytes.size();
    if (worker->call_kind_ == CallKind::kUnary) return;
    reader.Feed(bytes,
                [this](std::string_view message) { return worker->OnMessage(this, message); });
  }
  void OnEnd(const CallEnd& end) override { worker->OnEnd(this, end); }

  Worker* const worker;
  Line* const line;
  Request request;
  std::int64_t intended_ns = 0;  // latency counts from here
  std::int64_t issued_ns = 0;    // the timeout counts from here
  bool in_flight = false;
  bool stream_open = false;  // a call of a stream is under way, with or without an operation
  MessageReader reader;      // of that stream
};

Worker::Worker(const Plan& plan, std::unique_ptr<Workload> workload)
    : timeout_ns_(absl::ToInt64Nanoseconds(plan.timeout)),
      stop_(plan.stop),
      workload_(std::move(workload)),
      call_kind_(workload_->call_kind()),
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
  last_success_ns_ = pace.start_ns;
  std::int64_t next_tick_ns = last_up_ns_ + kTickNs;
  for (;;) {
    StartDue();
    FlushTouched();
    const std::int64_t now_ns = MonotonicNs();
    if (in_flight_ == 0 && pacer_.Exhausted(now_ns)) break;
    // Without a free client the next start is triggered by an answer, not by the time.
    const std::int64_t next_start_ns = free_.empty() ? Pacer::kNever : pacer_.NextStart(now_ns);
    WaitAndServe(std::min(next_start_ns, next_tick_ns));
    if (const std::int64_t after_ns = MonotonicNs(); after_ns >= next_tick_ns) {
      Tick(after_ns);
      next_tick_ns = after_ns + kTickNs;
    }
  }
  result_.events = workload_->events();
}

void Worker::WaitAndServe(std::int64_t until_ns) {
  // After each socket and not after all, so that the server gets new work while we read on.
  ServeLinks(epoll_.get(), until_ns, read_buffer_.get(), [this] {
    StartDue();
    FlushTouched();
  });
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
    Issue(client);
    Touch(client->line);
  }
}

void Worker::Issue(Client* client) {
  Connection& connection = client->line->link.connection();
  const Request& request = client->request;
  if (call_kind_ == CallKind::kUnary) {
    connection.Start(client, request.path, request.body);
    return;
  }
  if (!client->stream_open) {
    client->reader.Reset();
    client->stream_open = true;
    connection.Open(client, request.path);
  }
  // The connection may have refused the stream at once.
  if (client->stream_open) connection.Send(client, request.body);
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
  client->stream_open = false;
  if (!client->in_flight) return;  // between two operations of a stream, or ended by ourselves
  if (end.ok() && call_kind_ == CallKind::kUnary) {
    Succeed(client);
  } else {
    Fail(client, KindOf(end));
  }
}

bool Worker::OnMessage(Client* client, std::string_view message) {
  if (!client->in_flight) return true;  // an answer to an operation that was given up
  std::string failure;
  const Verdict verdict = workload_->OnMessage(&client->request, message, &failure);
  if (verdict == Verdict::kMore) return true;
  if (verdict == Verdict::kDone) {
    Succeed(client);
  } else {
    Fail(client, failure);
  }
  if (call_kind_ != CallKind::kStreamForEach) return true;
  client->line->link.connection().Cancel(client, "");
  Touch(client->line);
  return false;
}

void Worker::Succeed(Client* client) {
  const std::int64_t now_ns = MonotonicNs();
  result_.latencies[client->request.operation].Record(now_ns - client->intended_ns);
  if (now_ns - last_success_ns_ > result_.longest_gap_ns) {
    result_.longest_gap_ns = now_ns - last_success_ns_;
    result_.longest_gap_begin_ns = last_success_ns_;
  }
  last_success_ns_ = now_ns;
  result_.last_end_ns = now_ns;
  Increment(&completed_);
  Release(client);
}

void Worker::Fail(Client* client, std::string_view kind) {
  result_.last_end_ns = MonotonicNs();
  result_.errors.Count(kind);
  Increment(&failed_);
  Release(client);
}

void Worker::Release(Client* client) {
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
