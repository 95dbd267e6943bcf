// A gRPC service without protobuf for the front's tests and benchmark: its methods echo, answer
// late, fail, push and wait on demand. Also answers etcd's Put and Range in fixed bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "src/server/api/call.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/http_routes.h"

namespace stele::server {

class TestService final : public MethodTable, public HttpRoutes {
 public:
  TestService();
  ~TestService() override;

  const Method* Find(std::string_view path) const override;
  bool HasService(std::string_view service) const override;
  // /health, /stats (counters as text), /large?BYTES, /later (answered by another thread).
  void Handle(const HttpRequest& request, HttpRespond respond) override;

  // Answers every call of /test.Echo/Hold that still waits.
  void ReleaseHeld();
  std::size_t held() const;
  // Calls of /test.Echo/Hold so far, whatever became of them.
  int hold_calls() const { return hold_calls_.load(); }
  int cancelled() const { return cancelled_.load(); }
  int handlers_alive() const { return handlers_alive_.load(); }
  std::size_t queued_bytes_max() const { return queued_bytes_max_.load(); }

 private:
  class EchoHandler;
  class PushHandler;
  class CountHandler;

  void Add(const std::string& path, MethodKind kind,
           std::function<void(std::shared_ptr<Call>, std::string_view)> on_request);
  void AddStream(const std::string& path,
                 std::function<std::unique_ptr<CallHandler>(std::shared_ptr<Call>)> on_stream);
  void AddUnaryMethods();
  void AddStreamMethods();
  void AddEtcdMethods();
  // Answers from a thread that is not the front's.
  void Later(EventLoop::Task task);

  std::map<std::string, Method, std::less<>> methods_;
  std::unique_ptr<EventLoop> other_thread_;
  std::atomic<int> hold_calls_ = 0;
  std::atomic<int> cancelled_ = 0;
  std::atomic<int> handlers_alive_ = 0;
  std::atomic<std::size_t> queued_bytes_max_ = 0;
  mutable std::mutex mutex_;  // guards held_
  std::vector<std::shared_ptr<Call>> held_;
};

}  // namespace stele::server
