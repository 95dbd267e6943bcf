// A front that serves TestService on a free loopback port, and waiting for facts.
#pragma once

#include <functional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/time/clock.h"
#include "src/raft/check.h"
#include "src/server/front/front.h"
#include "tests/server/front/test_client.h"
#include "tests/server/front/test_service.h"

namespace stele::server {

struct TestFront {
  explicit TestFront(FrontOptions options = {}) : front(Listening(std::move(options))) {
    STELE_CHECK(front.Start(&service, &service).ok());
  }

  int port() const { return front.ports().front(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  GrpcClientOptions client() const {
    GrpcClientOptions options;
    options.address = address();
    options.max_receive_message_bytes = 256 * 1024 * 1024;
    return options;
  }

  static FrontOptions Listening(FrontOptions options) {
    options.listen_addresses = {"127.0.0.1:0"};
    return options;
  }

  TestService service;
  Front front;
};

// Whether `fact` becomes true within kTestPatience; asks every few milliseconds.
inline bool Eventually(absl::FunctionRef<bool()> fact) {
  const absl::Time deadline = absl::Now() + kTestPatience;
  while (!fact()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

}  // namespace stele::server
