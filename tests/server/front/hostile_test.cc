// Clients that are broken, greedy or malicious: the front answers, closes, and keeps serving
// others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "tests/server/front/raw_socket.h"
#include "tests/server/front/test_front.h"

namespace stele::server {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kEnhanceYourCalm = 11;

bool IsReset(const RawFrame& frame) { return frame.type == kReset; }

bool IsTrailers(const RawFrame& frame) {
  return frame.type == kHeaders && (frame.flags & kEndStream) != 0;
}

// Whether the server sends such a frame.
bool AwaitFrame(RawSocket& socket, absl::FunctionRef<bool(const RawFrame&)> wanted) {
  std::string received;
  return Eventually([&] {
    received += socket.ReadAtLeast(1);
    return std::ranges::any_of(ParseFrames(received), wanted);
  });
}

class HostileTest : public ::testing::Test {
 protected:
  static FrontOptions ShortLimits() {
    FrontOptions options;
    options.header_timeout = absl::Milliseconds(200);
    options.receive_stall_timeout = absl::Milliseconds(200);
    options.write_stall_timeout = absl::Milliseconds(300);
    options.unacknowledged_timeout = absl::Milliseconds(500);
    options.http1_idle_timeout = absl::Milliseconds(300);
    options.stream_reset_burst = 100;
    options.stream_reset_per_second = 1;
    options.control_frame_burst = 500;
    options.control_frame_per_second = 10;
    return options;
  }

  void TearDown() override {
    // Whatever happened, a decent client is served and nothing is left behind.
    TestClient client(server_.client());
    ASSERT_TRUE(client.Connect().ok());
    EXPECT_EQ(*client.Unary("/test.Echo/Unary", "fine"), "fine");
    EXPECT_TRUE(Eventually([&] { return server_.service.handlers_alive() == 0; }));
  }

  std::string Exchange(std::string_view bytes) {
    RawSocket socket(server_.port());
    socket.Send(bytes);
    bool timed_out = false;
    std::string answer = socket.ReadToEnd(&timed_out);
    EXPECT_FALSE(timed_out);
    return answer;
  }

  TestFront server_{ShortLimits()};
};

TEST_F(HostileTest, SilentSocketIsClosed) {
  RawSocket socket(server_.port());
  EXPECT_TRUE(socket.ClosedByServer());
}

TEST_F(HostileTest, HalfAPrefaceIsClosed) {
  RawSocket socket(server_.port());
  EXPECT_TRUE(socket.Send("PRI * HTTP/2.0\r\n\r\nSM"));
  EXPECT_TRUE(socket.ClosedByServer());
}

TEST_F(HostileTest, WrongPrefaceIsClosed) {
  RawSocket socket(server_.port());
  EXPECT_TRUE(socket.Send("PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_TRUE(socket.ClosedByServer());
}

TEST_F(HostileTest, PrefaceWithoutSettingsIsClosed) {
  RawSocket socket(server_.port());
  EXPECT_TRUE(socket.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_TRUE(socket.ClosedByServer());
}

TEST_F(HostileTest, SlowHttp1HeadIsClosed) {
  RawSocket socket(server_.port());
  EXPECT_TRUE(socket.Send("GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: "));
  EXPECT_TRUE(Eventually([&] { return !socket.Send("a"); }));
}

TEST_F(HostileTest, IdleHttp1ConnectionIsClosed) {
  EXPECT_THAT(Exchange("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"),
              HasSubstr(R"({"health":"true","reason":""})"));
}

TEST_F(HostileTest, OpenHeaderBlockIsClosed) {
  RawSocket socket(server_.port());
  EXPECT_TRUE(
      socket.Send(Http2Preface() + Frame(kHeaders, 0, 1, GrpcHeaderBlock("/test.Echo/Unary"))));
  EXPECT_TRUE(socket.ClosedByServer());
}

TEST_F(HostileTest, RequestThatStopsHalfwayIsEnded) {
  RawSocket socket(server_.port());
  const std::string part(
      "\0\0\0\0\x64"
      "abc",
      8);
  EXPECT_TRUE(socket.Send(Http2Preface() +
                          Frame(kHeaders, kEndHeaders, 1, GrpcHeaderBlock("/test.Echo/Unary")) +
                          Frame(kData, 0, 1, part)));
  EXPECT_TRUE(AwaitFrame(socket, IsReset));
}

TEST_F(HostileTest, ACallWhoseTimeIsOverIsNotServed) {
  RawSocket socket(server_.port());
  const std::string head = GrpcHeaderBlock("/test.Echo/Hold") + Literal("grpc-timeout", "1n");
  EXPECT_TRUE(socket.Send(Http2Preface() + Frame(kHeaders, kEndHeaders, 1, head) +
                          Frame(kData, kEndStream, 1, std::string(5, '\0'))));
  EXPECT_TRUE(AwaitFrame(socket, IsTrailers));
  EXPECT_EQ(server_.service.hold_calls(), 0);
}

TEST_F(HostileTest, RequestEndingWithinAMessage) {
  RawSocket socket(server_.port());
  const std::string part(
      "\0\0\0\0\x64"
      "abc",
      8);
  EXPECT_TRUE(socket.Send(Http2Preface() +
                          Frame(kHeaders, kEndHeaders, 1, GrpcHeaderBlock("/test.Echo/Unary")) +
                          Frame(kData, kEndStream, 1, part)));
  EXPECT_TRUE(AwaitFrame(socket, IsTrailers));
}

TEST_F(HostileTest, TruncatedFrameThenEndOfStream) {
  RawSocket socket(server_.port());
  const std::string frame = Frame(kHeaders, kEndHeaders, 1, GrpcHeaderBlock("/test.Echo/Bidi"));
  EXPECT_TRUE(socket.Send(Http2Preface() + frame.substr(0, frame.size() / 2)));
  socket.ShutdownWrite();
  EXPECT_TRUE(socket.ClosedByServer());
}

TEST_F(HostileTest, OversizedFrameIsAnError) {
  const std::string answer =
      Exchange(Http2Preface() + Frame(kData, 0, 1, "").replace(0, 3, "\xff\xff\xff"));
  EXPECT_GE(GoAwayCode(ParseFrames(answer)), 1);
}

TEST_F(HostileTest, BrokenHeaderCompressionIsAnError) {
  const std::string answer =
      Exchange(Http2Preface() + Frame(kHeaders, kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff\xff"));
  EXPECT_EQ(GoAwayCode(ParseFrames(answer)), 9);  // COMPRESSION_ERROR
}

TEST_F(HostileTest, TooManyContinuationsAreClosed) {
  std::string bytes = Http2Preface() + Frame(kHeaders, 0, 1, GrpcHeaderBlock("/test.Echo/Unary"));
  for (int i = 0; i < 1000; ++i) bytes += Frame(kContinuation, 0, 1, Literal("a", "b"));
  RawSocket socket(server_.port());
  socket.Send(bytes);
  EXPECT_TRUE(socket.ClosedByServer());
}

// One request without a body whose headers are about so large; its answer's status.
std::string StatusOfHeaders(std::size_t bytes, int port) {
  constexpr std::size_t kFrameBytes = 16'000;
  RawSocket socket(port);
  std::string block = GrpcHeaderBlock("/test.Echo/Unary");
  while (block.size() < bytes) block += Literal("x-large", std::string(1600, 'h'));
  std::string request =
      Http2Preface() + Frame(kHeaders, kEndStream, 1, block.substr(0, kFrameBytes));
  for (std::size_t sent = kFrameBytes; sent < block.size(); sent += kFrameBytes) {
    const bool is_last = sent + kFrameBytes >= block.size();
    request += Frame(kContinuation, is_last ? kEndHeaders : 0, 1, block.substr(sent, kFrameBytes));
  }
  EXPECT_TRUE(socket.Send(request));
  std::string received;
  std::string status;
  EXPECT_TRUE(Eventually([&] {
    received += socket.ReadAtLeast(1);
    for (const RawFrame& frame : ParseFrames(received)) {
      // :status is the first field: 200 by its number in the static table, others in full.
      if (frame.type == kHeaders) status = frame.payload.starts_with('\x88') ? "200" : "refused";
    }
    return !status.empty();
  }));
  return status;
}

TEST_F(HostileTest, HugeHeaderListIsRefusedWithoutClosing) {
  EXPECT_EQ(StatusOfHeaders(34'000, server_.port()), "refused");
}

// Tokens with many claims.
TEST_F(HostileTest, LargeHeaderListIsServed) {
  EXPECT_EQ(StatusOfHeaders(30'000, server_.port()), "200");
}

TEST_F(HostileTest, RapidResetIsSentAway) {
  std::string bytes = Http2Preface();
  for (std::uint32_t id = 1; id < 4001; id += 2) {
    bytes += Frame(kHeaders, kEndHeaders, id, GrpcHeaderBlock("/test.Echo/Bidi"));
    bytes += Frame(kReset, 0, id, std::string("\0\0\0\x08", 4));
  }
  RawSocket socket(server_.port());
  socket.Send(bytes);
  EXPECT_TRUE(socket.ClosedByServer());
  EXPECT_LT(server_.service.cancelled(), 300);
}

TEST_F(HostileTest, PingFloodIsSentAway) {
  std::string bytes = Http2Preface();
  for (int i = 0; i < 10; ++i) bytes += Frame(kPing, 0, 0, "12345678");
  std::string text;
  EXPECT_EQ(GoAwayCode(ParseFrames(Exchange(bytes)), &text), kEnhanceYourCalm);
  EXPECT_EQ(text, "too_many_pings");
}

TEST_F(HostileTest, SettingsFloodIsSentAway) {
  std::string bytes = Http2Preface();
  for (int i = 0; i < 2000; ++i) bytes += Frame(kSettings, 0, 0, "");
  RawSocket socket(server_.port());
  socket.Send(bytes);
  EXPECT_TRUE(socket.ClosedByServer());
}

TEST_F(HostileTest, WindowUpdateFloodIsSentAway) {
  std::string bytes = Http2Preface();
  for (int i = 0; i < 2000; ++i) bytes += Frame(kWindowUpdate, 0, 0, std::string("\0\0\0\x01", 4));
  EXPECT_EQ(GoAwayCode(ParseFrames(Exchange(bytes))), kEnhanceYourCalm);
}

TEST_F(HostileTest, EmptyDataFloodIsSentAway) {
  std::string bytes =
      Http2Preface() + Frame(kHeaders, kEndHeaders, 1, GrpcHeaderBlock("/test.Echo/Bidi"));
  for (int i = 0; i < 2000; ++i) bytes += Frame(kData, 0, 1, "");
  EXPECT_EQ(GoAwayCode(ParseFrames(Exchange(bytes))), kEnhanceYourCalm);
}

TEST_F(HostileTest, AReaderThatNeverOpensItsWindowIsReset) {
  RawSocket socket(server_.port());
  const std::string no_window("\0\x04\0\0\0\0", 6);  // INITIAL_WINDOW_SIZE = 0
  const std::string request(
      "\0\0\0\0\x06"
      "100000",
      11);
  EXPECT_TRUE(socket.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, no_window) +
                          Frame(kHeaders, kEndHeaders, 1, GrpcHeaderBlock("/test.Echo/Large")) +
                          Frame(kData, kEndStream, 1, request)));
  EXPECT_TRUE(AwaitFrame(socket, IsReset));
}

TEST_F(HostileTest, AReaderThatNeverReadsItsSocketIsClosed) {
  RawSocket socket(server_.port());
  const std::string wide_window("\0\x04\x7f\xff\xff\xff", 6);
  const std::string request(
      "\0\0\0\0\x09"
      "100000000",
      14);
  EXPECT_TRUE(socket.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, wide_window) +
                          Frame(kWindowUpdate, 0, 0, std::string("\x7f\xfe\0\0", 4)) +
                          Frame(kHeaders, kEndHeaders, 1, GrpcHeaderBlock("/test.Echo/Large")) +
                          Frame(kData, kEndStream, 1, request)));
  EXPECT_TRUE(Eventually([&] { return server_.front.connection_count() == 1; }));
  // The call is reset after the stall time. If the kernel's buffers then swallow the rest, the
  // kernel's own limit for unacknowledged bytes ends the connection.
  EXPECT_TRUE(Eventually([&] { return server_.front.connection_count() == 0; }));
}

TEST_F(HostileTest, RandomBytesAfterThePreface) {
  std::uint32_t state = 7241;
  for (int round = 0; round < 50; ++round) {
    std::string noise;
    for (int i = 0; i < 2000; ++i) {
      state = state * 1664525 + 1013904223;
      noise.push_back(static_cast<char>(state >> 24));
    }
    RawSocket socket(server_.port());
    socket.Send(Http2Preface() + noise);
    socket.ShutdownWrite();
    EXPECT_TRUE(socket.ClosedByServer()) << round;
  }
}

TEST_F(HostileTest, EveryCutOfAValidRequestIsSurvived) {
  const std::string bytes = Http2Preface() +
                            Frame(kHeaders, kEndHeaders, 1, GrpcHeaderBlock("/test.Echo/Bidi")) +
                            Frame(kData, 0, 1,
                                  std::string("\0\0\0\0\x03"
                                              "abc",
                                              8));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    RawSocket socket(server_.port());
    socket.Send(std::string_view(bytes).substr(0, size));
    socket.ShutdownWrite();
    ASSERT_TRUE(socket.ClosedByServer()) << size;
  }
}

TEST_F(HostileTest, Http1Answers) {
  const std::string host = " HTTP/1.1\r\nHost: a\r\n";
  EXPECT_THAT(Exchange("GET /nothing" + host + "\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Exchange("DELETE /health" + host + "\r\n"), HasSubstr("\r\nAllow: GET\r\n"));
  EXPECT_THAT(Exchange("DELETE /health" + host + "\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(Exchange("POST /v3/kv/put" + host + "Content-Length: 2\r\n\r\n{}"),
              StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(Exchange("POST /health" + host + "Content-Length: 2\r\n\r\n{}"),
              StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(Exchange("POST /other" + host + "\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Exchange("DELETE /other" + host + "\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Exchange("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'a')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Exchange("GET /" + std::string(10'000, 'a') + host + "\r\n"),
              StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(Exchange("POST /v3/kv/put" + host + "Content-Length: 99999999\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HostileTest, Http1PipelineAnswersInOrder) {
  const std::string answers = Exchange(
      "GET /later HTTP/1.1\r\nHost: a\r\n\r\nHEAD /health HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /v3/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      "GET /large?300000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::size_t later = answers.find("later\n");
  const std::size_t head = answers.find("Content-Length: 29\r\n\r\nHTTP/1.1 501");
  EXPECT_NE(later, std::string::npos);
  EXPECT_NE(head, std::string::npos);
  EXPECT_LT(later, head);
  EXPECT_GT(answers.size(), 300'000U);
}

TEST_F(HostileTest, Http1ClientThatHalfClosesStillGetsItsAnswer) {
  RawSocket socket(server_.port());
  EXPECT_TRUE(socket.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
  socket.ShutdownWrite();
  bool timed_out = false;
  EXPECT_THAT(socket.ReadToEnd(&timed_out), HasSubstr("later\n"));
  EXPECT_FALSE(timed_out);
}

}  // namespace
}  // namespace stele::server
