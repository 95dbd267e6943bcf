// What the front alone can do: a server that answers Put-like unary calls at once (or from another
// thread), or pushes messages down streams, under load from the same process over loopback. Prints
// calls a second and the CPU time of the server's threads and of the clients' per call: the ceiling
// of every end-to-end figure.
//
//   front_bench [--connections=100] [--in-flight=1000] [--value=256] [--seconds=3]
//               [--mode=inline|handoff|push] [--loops=1]
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/clock.h"
#include "src/raft/check.h"
#include "src/server/front/front.h"
#include "src/server/front/grpc_client_connection.h"

namespace stele::server {
namespace {

struct Settings {
  int connections = 100;
  int in_flight = 1000;
  int value = 256;
  int seconds = 3;
  int loops = 1;
  std::string mode = "inline";
};

class BenchService final : public MethodTable, public HttpRoutes {
 public:
  explicit BenchService(bool handoff) : other_thread_("bench-reply") {
    other_thread_.Start();
    put_.path = "/etcdserverpb.KV/Put";
    put_.on_request = [this, handoff](std::shared_ptr<Call> call, std::string_view) {
      if (!handoff) return call->Reply(std::string(kAnswer));
      other_thread_.Post([call = std::move(call)] { call->Reply(std::string(kAnswer)); });
    };
    push_.path = "/bench/Push";
    push_.kind = MethodKind::kBidiStream;
    push_.on_stream = [](std::shared_ptr<Call> call) {
      return std::make_unique<Pusher>(std::move(call));
    };
  }
  const Method* Find(std::string_view path) const override {
    return path == put_.path ? &put_ : path == push_.path ? &push_ : nullptr;
  }
  bool HasService(std::string_view /*service*/) const override { return true; }
  void Handle(const HttpRequest& /*request*/, HttpRespond respond) override { respond({}); }

  EventLoop& other_thread() { return other_thread_; }

 private:
  static constexpr std::string_view kAnswer = "\x0a\x0a\x08\x01\x10\x02\x18\x03\x20\x04";

  // Pushes for ever, like a busy watch: the same encoded event each time.
  class Pusher final : public CallHandler {
   public:
    explicit Pusher(std::shared_ptr<Call> call) : call_(std::move(call)) {}
    void OnMessage(std::string_view message) override {
      event_ = std::make_shared<const std::string>(message);
      Push();
    }

   private:
    void Push() {
      constexpr std::size_t kQueuedMax = 128 * 1024;
      while (call_->queued_bytes() < kQueuedMax) {
        call_->Write(std::span<const Call::Bytes>(&event_, 1));
      }
      call_->NotifyDrained(kQueuedMax / 2, [this] { Push(); });
    }
    const std::shared_ptr<Call> call_;
    Call::Bytes event_;
  };

  Method put_;
  Method push_;
  EventLoop other_thread_;
};

// Keeps `in_flight` calls running on one connection.
class LoadConnection final : public GrpcClientConnection::Owner, public GrpcClientStream::Events {
 public:
  LoadConnection(EventLoop* loop, const std::string& address, int in_flight, std::string path,
                 std::string request, std::atomic<std::uint64_t>* done, std::latch* connected)
      : in_flight_(in_flight),
        path_(std::move(path)),
        request_(std::make_shared<const std::string>(std::move(request))),
        done_(done),
        connected_(connected),
        connection_(loop, Options(address), this) {}

  void Connect() { connection_.Connect(); }
  void Begin() {
    for (int i = 0; i < in_flight_; ++i) Call(/*half_close=*/path_ != "/bench/Push");
  }
  void End() {
    running_ = false;
    connection_.Close();
  }
  void OnConnected() override { connected_->count_down(); }
  void OnConnectionLost(const absl::Status& reason) override {
    std::fprintf(stderr, "lost: %s\n", reason.ToString().c_str());
    std::exit(1);
  }
  void OnMessage(std::string_view /*message*/) override {
    done_->fetch_add(1, std::memory_order_relaxed);
  }
  void OnEnd(const absl::Status& status) override {
    if (!running_) return;
    STELE_CHECK(status.ok());
    Call(true);
  }

 private:
  static GrpcClientOptions Options(const std::string& address) {
    GrpcClientOptions options;
    options.address = address;
    return options;
  }
  void Call(bool half_close) {
    const auto stream = connection_.Open(path_, {}, absl::InfiniteDuration(), this);
    STELE_CHECK(stream != nullptr);
    STELE_CHECK(stream->Write(std::span<const GrpcClientStream::Bytes>(&request_, 1)));
    if (half_close) stream->HalfClose();
  }

  const int in_flight_;
  const std::string path_;
  const std::shared_ptr<const std::string> request_;
  std::atomic<std::uint64_t>* const done_;
  std::latch* const connected_;
  bool running_ = true;
  GrpcClientConnection connection_;
};

void RunOn(EventLoop* loop, const std::function<void()>& step) {
  std::latch ran(1);
  loop->Post([&] {
    step();
    ran.count_down();
  });
  ran.wait();
}

int Run(const Settings& settings) {
  BenchService service(settings.mode == "handoff");
  FrontOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  options.loops = settings.loops;
  Front front(options);
  STELE_CHECK(front.Start(&service, &service).ok());

  EventLoop client("bench-client");
  client.Start();
  std::atomic<std::uint64_t> done = 0;
  std::latch connected(settings.connections);
  const std::string address = "127.0.0.1:" + std::to_string(front.ports().front());
  const std::string path = settings.mode == "push" ? "/bench/Push" : "/etcdserverpb.KV/Put";
  std::vector<std::unique_ptr<LoadConnection>> load;
  RunOn(&client, [&] {
    for (int i = 0; i < settings.connections; ++i) {
      load.push_back(std::make_unique<LoadConnection>(
          &client, address, std::max(1, settings.in_flight / settings.connections), path,
          std::string(static_cast<std::size_t>(settings.value), 'v'), &done, &connected));
      load.back()->Connect();
    }
  });
  connected.wait();
  RunOn(&client, [&] {
    for (const auto& connection : load) connection->Begin();
  });

  const auto server_cpu = [&front] {
    absl::Duration sum;
    for (std::size_t i = 0; i < front.loop_count(); ++i) sum += front.loop(i).CpuTime();
    return sum;
  };
  absl::SleepFor(absl::Milliseconds(300));  // warm-up
  const std::uint64_t done_before = done.load();
  const absl::Duration server_before = server_cpu();
  const absl::Duration client_before = client.CpuTime();
  const absl::Duration other_before = service.other_thread().CpuTime();
  const absl::Time start = absl::Now();
  absl::SleepFor(absl::Seconds(settings.seconds));
  const double elapsed = absl::ToDoubleSeconds(absl::Now() - start);
  const auto calls = static_cast<double>(done.load() - done_before);
  const auto per_call = [calls](absl::Duration cpu) {
    return absl::ToDoubleMicroseconds(cpu) / calls;
  };
  std::printf(
      "mode %s connections %d in-flight %d value %d: %.0f/s, server %.2f us CPU each, client "
      "%.2f us, replying thread %.2f us\n",
      settings.mode.c_str(), settings.connections, settings.in_flight, settings.value,
      calls / elapsed, per_call(server_cpu() - server_before),
      per_call(client.CpuTime() - client_before),
      per_call(service.other_thread().CpuTime() - other_before));

  RunOn(&client, [&] {
    for (const auto& connection : load) connection->End();
  });
  client.Stop();
  load.clear();
  front.Stop();
  return 0;
}

bool ReadFlag(std::string_view argument, std::string_view name, int* value) {
  if (!argument.starts_with(name)) return false;
  argument.remove_prefix(name.size());
  return std::from_chars(argument.data(), argument.data() + argument.size(), *value).ec ==
         std::errc();
}

}  // namespace
}  // namespace stele::server

int main(int argc, char** argv) {
  stele::server::Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    constexpr std::string_view kMode = "--mode=";
    const bool known = stele::server::ReadFlag(argument, "--connections=", &settings.connections) ||
                       stele::server::ReadFlag(argument, "--in-flight=", &settings.in_flight) ||
                       stele::server::ReadFlag(argument, "--value=", &settings.value) ||
                       stele::server::ReadFlag(argument, "--seconds=", &settings.seconds) ||
                       stele::server::ReadFlag(argument, "--loops=", &settings.loops);
    if (!known && !argument.starts_with(kMode)) {
      std::fprintf(stderr, "unknown flag %s\n", argv[i]);
      return 1;
    }
    if (!known) settings.mode = argument.substr(kMode.size());
  }
  return stele::server::Run(settings);
}
