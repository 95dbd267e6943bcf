#include "tests/server/front/test_service.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/server/front/absl_view.h"

namespace stele::server {
namespace {

std::uint64_t ParseNumber(std::string_view* text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  if (text->starts_with(' ')) text->remove_prefix(1);
  return number;
}

// A repeating pattern, so that a misplaced byte shows.
std::string Pattern(std::size_t size) {
  constexpr std::string_view kRepeated = "abcdefghijklmnopqrstuvw";
  std::string text;
  text.reserve(size + kRepeated.size());
  while (text.size() < size) text.append(kRepeated);
  text.resize(size);
  return text;
}

}  // namespace

// Echoes every message; at half-close ends with OK.
class TestService::EchoHandler final : public CallHandler {
 public:
  EchoHandler(TestService* service, std::shared_ptr<Call> call)
      : service_(service), call_(std::move(call)) {
    ++service_->handlers_alive_;
  }
  ~EchoHandler() override { --service_->handlers_alive_; }
  void OnMessage(std::string_view message) override { call_->Write(std::string(message)); }
  void OnHalfClose() override { call_->Finish(absl::OkStatus()); }
  void OnCancel() override { ++service_->cancelled_; }

 private:
  TestService* const service_;
  const std::shared_ptr<Call> call_;
};

// "COUNT SIZE": pushes COUNT messages of SIZE bytes, holding at most about 256 KiB at a time.
class TestService::PushHandler final : public CallHandler {
 public:
  PushHandler(TestService* service, std::shared_ptr<Call> call)
      : service_(service), call_(std::move(call)) {
    ++service_->handlers_alive_;
  }
  ~PushHandler() override { --service_->handlers_alive_; }
  void OnMessage(std::string_view message) override {
    left_ = ParseNumber(&message);
    message_ = std::make_shared<const std::string>(Pattern(ParseNumber(&message)));
    Push();
  }
  void OnCancel() override { ++service_->cancelled_; }

 private:
  void Push() {
    constexpr std::size_t kQueuedMax = 256 * 1024;
    while (left_ > 0 && call_->queued_bytes() < kQueuedMax) {
      call_->Write(std::span<const Call::Bytes>(&message_, 1));
      --left_;
      service_->queued_bytes_max_ =
          std::max(service_->queued_bytes_max_.load(), call_->queued_bytes());
    }
    if (left_ == 0) return call_->Finish(absl::OkStatus());
    call_->NotifyDrained(kQueuedMax / 2, [this] { Push(); });
  }

  TestService* const service_;
  const std::shared_ptr<Call> call_;
  std::uint64_t left_ = 0;
  Call::Bytes message_;
};

// Client streaming: answers the number of messages and bytes at half-close.
class TestService::CountHandler final : public CallHandler {
 public:
  CountHandler(TestService* service, std::shared_ptr<Call> call)
      : service_(service), call_(std::move(call)) {
    ++service_->handlers_alive_;
  }
  ~CountHandler() override { --service_->handlers_alive_; }
  void OnMessage(std::string_view message) override {
    ++messages_;
    bytes_ += message.size();
  }
  void OnHalfClose() override { call_->Reply(absl::StrCat(messages_, " ", bytes_)); }
  void OnCancel() override { ++service_->cancelled_; }

 private:
  TestService* const service_;
  const std::shared_ptr<Call> call_;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
};

TestService::TestService() : other_thread_(std::make_unique<EventLoop>("test-later")) {
  AddUnaryMethods();
  AddStreamMethods();
  AddEtcdMethods();
  other_thread_->Start();
}

TestService::~TestService() = default;

void TestService::AddUnaryMethods() {
  Add("/test.Echo/Unary", MethodKind::kUnary,
      [](const std::shared_ptr<Call>& call, std::string_view request) {
        call->Reply(std::string(request));
      });
  Add("/test.Echo/Later", MethodKind::kUnary,
      [this](std::shared_ptr<Call> call, std::string_view request) {
        Later([call = std::move(call), request = std::string(request)] { call->Reply(request); });
      });
  // "BYTES"
  Add("/test.Echo/Large", MethodKind::kUnary,
      [](const std::shared_ptr<Call>& call, std::string_view request) {
        call->Reply(Pattern(ParseNumber(&request)));
      });
  // "CODE MESSAGE"
  Add("/test.Echo/Fail", MethodKind::kUnary,
      [](const std::shared_ptr<Call>& call, std::string_view request) {
        const auto code = static_cast<absl::StatusCode>(ParseNumber(&request));
        call->Finish(absl::Status(code, ToAbsl(request)));
      });
  Add("/test.Echo/Hold", MethodKind::kUnary,
      [this](std::shared_ptr<Call> call, std::string_view /*request*/) {
        ++hold_calls_;
        std::unique_lock lock(mutex_);
        held_.push_back(std::move(call));
      });
  // "NAME": the value of that request header.
  Add("/test.Echo/Metadata", MethodKind::kUnary,
      [](const std::shared_ptr<Call>& call, std::string_view request) {
        call->Reply(call->Metadata(request).value_or("absent"));
      });
}

void TestService::AddStreamMethods() {
  AddStream("/test.Echo/Bidi", [this](std::shared_ptr<Call> call) {
    return std::make_unique<EchoHandler>(this, std::move(call));
  });
  AddStream("/test.Echo/Push", [this](std::shared_ptr<Call> call) {
    return std::make_unique<PushHandler>(this, std::move(call));
  });
  AddStream("/test.Echo/Count", [this](std::shared_ptr<Call> call) {
    return std::make_unique<CountHandler>(this, std::move(call));
  });
  // "COUNT SIZE", without regard to what is queued.
  Add("/test.Echo/ServerStream", MethodKind::kServerStream,
      [](const std::shared_ptr<Call>& call, std::string_view request) {
        const std::uint64_t count = ParseNumber(&request);
        const auto message = std::make_shared<const std::string>(Pattern(ParseNumber(&request)));
        for (std::uint64_t i = 0; i < count; ++i) {
          call->Write(std::span<const Call::Bytes>(&message, 1));
        }
        call->Finish(absl::OkStatus());
      });
}

void TestService::AddEtcdMethods() {
  // ResponseHeader{cluster_id: 1, member_id: 2, revision: 3, raft_term: 4}
  static constexpr std::string_view kHeader("\x0a\x08\x08\x01\x10\x02\x18\x03\x20\x04", 10);
  Add("/etcdserverpb.KV/Put", MethodKind::kUnary,
      [](const std::shared_ptr<Call>& call, std::string_view /*request*/) {
        call->Reply(std::string(kHeader));
      });
  // One pair, "key" and "value", count 1.
  Add("/etcdserverpb.KV/Range", MethodKind::kUnary,
      [](const std::shared_ptr<Call>& call, std::string_view /*request*/) {
        call->Reply(absl::StrCat(ToAbsl(kHeader), "\x12\x0c\x0a\x03key\x2a\x05value", "\x20\x01"));
      });
}

void TestService::Add(const std::string& path, MethodKind kind,
                      std::function<void(std::shared_ptr<Call>, std::string_view)> on_request) {
  methods_[path] = Method{path, kind, std::move(on_request), nullptr};
}

void TestService::AddStream(
    const std::string& path,
    std::function<std::unique_ptr<CallHandler>(std::shared_ptr<Call>)> on_stream) {
  methods_[path] = Method{path, MethodKind::kBidiStream, nullptr, std::move(on_stream)};
}

void TestService::Later(EventLoop::Task task) { other_thread_->Post(std::move(task)); }

const Method* TestService::Find(std::string_view path) const {
  const auto found = methods_.find(path);
  return found == methods_.end() ? nullptr : &found->second;
}

bool TestService::HasService(std::string_view service) const {
  return service == "test.Echo" || service == "etcdserverpb.KV";
}

void TestService::Handle(const HttpRequest& request, HttpRespond respond) {
  HttpResponse response;
  if (request.path == "/health" && request.method != "GET" && request.method != "HEAD") {
    response.status = 405;
    response.headers.emplace_back("Allow", "GET");
  } else if (request.path == "/health") {
    response.content_type = "application/json";
    response.body = R"({"health":"true","reason":""})";
  } else if (request.path == "/stats") {
    response.body = absl::StrCat("cancelled ", cancelled(), "\nalive ", handlers_alive(), "\nheld ",
                                 held(), "\nqueued_max ", queued_bytes_max(), "\n");
  } else if (request.path == "/large") {
    std::string_view query = request.query;
    response.body = Pattern(ParseNumber(&query));
  } else if (request.path == "/later") {
    response.body = "later\n";
    return Later([respond = std::move(respond), response = std::move(response)]() mutable {
      respond(std::move(response));
    });
  } else {
    response.status = 404;
    response.body = "404 page not found\n";
  }
  respond(std::move(response));
}

std::size_t TestService::held() const {
  std::unique_lock lock(mutex_);
  // Calls whose client went away wait no longer.
  return static_cast<std::size_t>(
      std::ranges::count_if(held_, [](const auto& call) { return !call->ended(); }));
}

void TestService::ReleaseHeld() {
  std::vector<std::shared_ptr<Call>> held;
  {
    std::unique_lock lock(mutex_);
    held.swap(held_);
  }
  for (const auto& call : held) call->Reply("released");
}

}  // namespace stele::server
