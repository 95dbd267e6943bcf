#include "src/server/front/front.h"

#include <algorithm>
#include <functional>
#include <latch>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"
#include "src/server/front/socket_stream.h"

namespace stele::server {

Front::Front(FrontOptions options) : options_(std::move(options)) {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  options_.loops = std::clamp(options_.loops, 1, cores);
}

Front::~Front() { Stop(); }

absl::Status Front::Start(const MethodTable* methods, HttpRoutes* routes) {
  absl::Status status = Bind(methods, routes);
  return status.ok() ? Serve() : status;
}

absl::Status Front::Bind(const MethodTable* methods, HttpRoutes* routes) {
  STELE_CHECK(loops_.empty());
  for (int i = 0; i < options_.loops; ++i) {
    loops_.push_back(std::make_unique<FrontLoop>(absl::StrCat("front", i), options_, *methods,
                                                 *routes, &connection_count_));
  }
  for (const std::string& address : options_.listen_addresses) {
    absl::StatusOr<std::unique_ptr<Listener>> listener = Listener::Bind(
        &loops_.front()->loop(), address,
        [this] { return connection_count() < options_.max_connections; },
        [this](int fd, std::string peer) { OnAccepted(fd, std::move(peer)); });
    if (!listener.ok()) {
      listeners_.clear();
      loops_.clear();
      return listener.status();
    }
    ports_.push_back((*listener)->bound_address().port());
    listeners_.push_back(*std::move(listener));
  }
  return absl::OkStatus();
}

absl::Status Front::Serve() {
  STELE_CHECK(!loops_.empty());
  for (const auto& loop : loops_) {
    loop->loop().Start();
    RunOn(&loop->loop(), [&loop] { loop->Begin(); });
  }
  running_ = true;
  absl::Status status;
  RunOn(&loops_.front()->loop(), [this, &status] {
    for (const auto& listener : listeners_) status.Update(listener->Start());
  });
  if (!status.ok()) Stop();
  return status;
}

void Front::OnAccepted(int fd, std::string peer) {
  connection_count_.Increment();
  auto stream = std::make_unique<SocketStream>(fd);
  FrontLoop* target = loops_[next_loop_].get();
  next_loop_ = (next_loop_ + 1) % loops_.size();
  if (target->loop().InLoopThread()) {
    target->Adopt(std::move(stream), std::move(peer));
  } else {
    target->loop().Post([target, stream = std::move(stream), peer = std::move(peer)]() mutable {
      target->Adopt(std::move(stream), std::move(peer));
    });
  }
}

void Front::RunOn(EventLoop* loop, const std::function<void()>& step) {
  std::latch ran(1);
  if (!loop->Post([&] {
        step();
        ran.count_down();
      })) {
    return;
  }
  ran.wait();
}

void Front::CloseListeners() {
  RunOn(&loops_.front()->loop(), [this] {
    for (const auto& listener : listeners_) listener->Close();
  });
}

void Front::GracefulStop(absl::Duration patience) {
  if (!running_) return;
  CloseListeners();
  for (const auto& loop : loops_) RunOn(&loop->loop(), [&loop] { loop->Drain(); });

  connection_count_.AwaitNone(patience);
  Stop();
}

void Front::Stop() {
  if (!std::exchange(running_, false)) return;
  CloseListeners();
  for (const auto& loop : loops_) {
    RunOn(&loop->loop(), [&loop] { loop->CloseAll(); });
    loop->loop().Stop();
  }
  listeners_.clear();
}

}  // namespace stele::server
