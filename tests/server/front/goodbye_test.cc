// What a server that ends tells its clients with GOAWAY: every stream above the named one was not
// looked at, so that the client may send its request again elsewhere (RFC 9113, 6.8).
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "tests/server/front/raw_socket.h"
#include "tests/server/front/test_front.h"

namespace stele::server {
namespace {

constexpr int kNoLimit = 0x7fffffff;

std::string Request(std::uint32_t stream) {
  return Frame(kHeaders, kEndHeaders, stream, GrpcHeaderBlock("/test.Echo/Hold")) +
         Frame(kData, kEndStream, stream, std::string(5, '\0'));
}

// The last stream of the last GOAWAY.
int NamedLast(std::string_view received) {
  int last = kNoLimit;
  for (const RawFrame& frame : ParseFrames(received)) {
    if (frame.type != kGoAway) continue;
    last = 0;
    for (const char byte : frame.payload.substr(0, 4)) {
      last = last << 8 | static_cast<unsigned char>(byte);
    }
  }
  return last;
}

TEST(GoodbyeTest, AStreamAboveTheNamedOneIsNotServed) {
  TestFront server;
  auto socket = std::make_unique<RawSocket>(server.port());
  ASSERT_TRUE(socket->Send(Http2Preface() + Request(1)));
  ASSERT_TRUE(Eventually([&] { return server.service.held() == 1; }));
  std::thread stopping([&] { server.front.GracefulStop(kTestPatience); });

  std::string received;
  std::string ping;
  EXPECT_TRUE(Eventually([&] {
    received += socket->ReadAtLeast(1);
    for (const RawFrame& frame : ParseFrames(received)) {
      if (frame.type == kPing && frame.flags == 0) ping = frame.payload;
    }
    return !ping.empty();
  }));
  // The acknowledgement of the ping makes the server name the last stream; requests that come with
  // it must be on the right side of that.
  EXPECT_TRUE(socket->Send(Frame(kPing, kAck, 0, ping) + Request(3) + Request(5)));
  EXPECT_TRUE(Eventually([&] {
    received += socket->ReadAtLeast(1);
    return NamedLast(received) != kNoLimit;
  }));
  server.service.ReleaseHeld();
  EXPECT_TRUE(socket->ClosedByServer());
  socket.reset();
  stopping.join();
  EXPECT_EQ(server.service.hold_calls(), (NamedLast(received) + 1) / 2);
}

}  // namespace
}  // namespace stele::server
