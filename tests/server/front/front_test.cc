// Calls through the front with our own client: what handlers and clients may rely on.
#include "src/server/front/front.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/front/test_front.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FrontTest : public ::testing::TestWithParam<int> {
 protected:
  FrontTest() {
    FrontOptions options;
    options.loops = GetParam();
    server_ = std::make_unique<TestFront>(options);
    client_ = std::make_unique<TestClient>(server_->client());
    EXPECT_TRUE(client_->Connect().ok());
  }

  TestService& service() { return server_->service; }
  TestClient& client() { return *client_; }

  std::unique_ptr<TestFront> server_;
  std::unique_ptr<TestClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Loops, FrontTest, ::testing::Values(1, 2));

TEST_P(FrontTest, UnaryCallsAnswerFromEitherThread) {
  EXPECT_EQ(*client().Unary("/test.Echo/Unary", "hello"), "hello");
  EXPECT_EQ(*client().Unary("/test.Echo/Unary", ""), "");
  EXPECT_EQ(*client().Unary("/test.Echo/Later", "later"), "later");
}

TEST_P(FrontTest, ErrorsKeepCodeAndText) {
  EXPECT_EQ(client().Unary("/test.Echo/Fail", "9 etcdserver: 100% \xc3\xa9\n").status(),
            absl::FailedPreconditionError("etcdserver: 100% \xc3\xa9\n"));
  EXPECT_EQ(client().Unary("/test.Echo/Nothing", "").status(),
            absl::UnimplementedError("unknown method Nothing for service test.Echo"));
  EXPECT_EQ(client().Unary("/test.Other/Unary", "").status(),
            absl::UnimplementedError("unknown service test.Other"));
  EXPECT_EQ(client().Unary("/nonsense", "").status().code(), absl::StatusCode::kUnimplemented);
}

TEST_P(FrontTest, MetadataReachesTheHandler) {
  EXPECT_EQ(*client().Unary("/test.Echo/Metadata", "token", {{"token", "abc.1"}}), "abc.1");
  EXPECT_EQ(*client().Unary("/test.Echo/Metadata", "token"), "absent");
  const std::string binary("\0\xff\x7f", 3);
  EXPECT_EQ(*client().Unary("/test.Echo/Metadata", "key-bin", {{"key-bin", binary}}), binary);
}

TEST_P(FrontTest, LargeMessagesPassBothWays) {
  const std::string request(2 * 1024 * 1024, 'r');
  EXPECT_EQ(*client().Unary("/test.Echo/Unary", request), request);
  const absl::StatusOr<std::string> answer = client().Unary("/test.Echo/Large", "104857600");
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->size(), 104857600U);
  for (std::size_t i = 0; i < answer->size(); i += 4093) {
    ASSERT_EQ((*answer)[i], static_cast<char>('a' + i % 23)) << i;
  }
}

TEST_P(FrontTest, TooLargeARequestIsRefused) {
  EXPECT_EQ(
      client().Unary("/test.Echo/Unary", std::string(3'000'000, 'x')).status(),
      absl::ResourceExhaustedError("grpc: received message larger than max (3000000 vs. 2097152)"));
  EXPECT_EQ(*client().Unary("/test.Echo/Unary", "after"), "after");
}

TEST_P(FrontTest, BidirectionalStreamEchoesInOrder) {
  const auto call = client().Open("/test.Echo/Bidi");
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(call->Write("message " + std::to_string(i)));
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(*call->Next(), "message " + std::to_string(i));
  call->HalfClose();
  EXPECT_TRUE(call->End().ok());
  EXPECT_TRUE(Eventually([&] { return service().handlers_alive() == 0; }));
  EXPECT_EQ(service().cancelled(), 0);
}

TEST_P(FrontTest, ClientStreamingUpload) {
  const auto call = client().Open("/test.Echo/Count");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(call->Write(std::string(100'000, 'u')));
  call->HalfClose();
  EXPECT_EQ(*call->Next(), "100 10000000");
  EXPECT_TRUE(call->End().ok());
}

TEST_P(FrontTest, ServerStreamAndTrailersAfterIt) {
  const auto call = client().Open("/test.Echo/ServerStream");
  ASSERT_TRUE(call->Write("3 5"));
  call->HalfClose();
  std::vector<std::string> messages;
  EXPECT_TRUE(call->End(&messages).ok());
  EXPECT_THAT(messages, ElementsAre("abcde", "abcde", "abcde"));
}

TEST_P(FrontTest, CancelReachesTheHandler) {
  const auto stream = client().Open("/test.Echo/Bidi");
  ASSERT_TRUE(stream->Write("x"));
  EXPECT_EQ(*stream->Next(), "x");
  const auto held = client().Open("/test.Echo/Hold");
  ASSERT_TRUE(held->Write(""));
  held->HalfClose();
  EXPECT_TRUE(Eventually([&] { return service().held() == 1; }));
  stream->Cancel();
  held->Cancel();
  EXPECT_TRUE(Eventually([&] { return service().cancelled() == 1; }));
  EXPECT_TRUE(Eventually([&] { return service().handlers_alive() == 0; }));
  EXPECT_TRUE(Eventually([&] { return service().held() == 0; }));
  service().ReleaseHeld();  // answers to nobody are harmless
  EXPECT_EQ(*client().Unary("/test.Echo/Unary", "on"), "on");
}

TEST_P(FrontTest, ALostConnectionCancelsItsCalls) {
  std::vector<std::unique_ptr<TestCall>> calls;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(client().Open("/test.Echo/Bidi"));
    ASSERT_TRUE(calls.back()->Write("x"));
    ASSERT_EQ(*calls.back()->Next(), "x");
  }
  calls.clear();
  client_.reset();
  EXPECT_TRUE(Eventually([&] { return service().handlers_alive() == 0; }));
  EXPECT_EQ(service().cancelled(), 50);
  EXPECT_TRUE(Eventually([&] { return server_->front.connection_count() == 0; }));
}

TEST_P(FrontTest, DeadlinePassesOnTheClient) {
  EXPECT_EQ(client().Unary("/test.Echo/Hold", "", {}, absl::Milliseconds(50)).status(),
            absl::DeadlineExceededError("context deadline exceeded"));
  EXPECT_TRUE(Eventually([&] { return service().held() == 0; }));
}

TEST_P(FrontTest, DeadlinePassesOnTheServer) {
  // The client keeps no time of its own here: the header is all the server gets.
  const auto call = client().Open("/test.Echo/Bidi", {{"grpc-timeout", "50m"}});
  EXPECT_EQ(call->End(), absl::DeadlineExceededError("context deadline exceeded"));
  EXPECT_EQ(service().cancelled(), 1);
}

TEST_P(FrontTest, BadHeadersOfACall) {
  EXPECT_EQ(client().Unary("/test.Echo/Unary", "", {{"grpc-timeout", "5x"}}).status(),
            absl::InternalError("malformed grpc-timeout: \"5x\""));
  EXPECT_EQ(client().Unary("/test.Echo/Unary", "", {{"grpc-encoding", "gzip"}}).status().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(*client().Unary("/test.Echo/Unary", "x", {{"grpc-encoding", "identity"}}), "x");
  EXPECT_EQ(client()
                .Unary("/test.Echo/Unary", "", {{"x-large", std::string(40'000, 'h')}})
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_P(FrontTest, UnaryNeedsExactlyOneMessage) {
  const auto none = client().Open("/test.Echo/Unary");
  none->HalfClose();
  EXPECT_EQ(none->End().code(), absl::StatusCode::kInternal);
  const auto two = client().Open("/test.Echo/Unary");
  ASSERT_TRUE(two->Write("1"));
  ASSERT_TRUE(two->Write("2"));
  two->HalfClose();
  EXPECT_EQ(two->End().code(), absl::StatusCode::kInternal);
}

TEST_P(FrontTest, ManyStreamsAtOnce) {
  std::vector<std::unique_ptr<TestCall>> calls;
  for (int i = 0; i < 900; ++i) {
    calls.push_back(client().Open("/test.Echo/Hold"));
    ASSERT_TRUE(calls.back()->Write(""));
    calls.back()->HalfClose();
  }
  EXPECT_TRUE(Eventually([&] { return service().held() == 900; }));
  service().ReleaseHeld();
  for (const auto& call : calls) EXPECT_EQ(*call->Next(), "released");
}

TEST_P(FrontTest, ASlowReaderHoldsNothingButItsQueue) {
  GrpcClientOptions options = server_->client();
  options.stream_window_bytes = 64 * 1024;
  TestClient slow(options);
  ASSERT_TRUE(slow.Connect().ok());
  const auto push = slow.Open("/test.Echo/Push");
  ASSERT_TRUE(push->Write("20000 1000"));
  std::vector<std::string> messages;
  push->HalfClose();
  EXPECT_TRUE(push->End(&messages).ok());
  EXPECT_EQ(messages.size(), 20000U);
  EXPECT_LE(service().queued_bytes_max(), 256U * 1024 + 2 * 1005);
}

TEST_P(FrontTest, GracefulStopFinishesUnaryCallsAndEndsStreams) {
  const auto held = client().Open("/test.Echo/Hold");
  ASSERT_TRUE(held->Write(""));
  held->HalfClose();
  const auto stream = client().Open("/test.Echo/Bidi");
  ASSERT_TRUE(stream->Write("x"));
  EXPECT_EQ(*stream->Next(), "x");
  EXPECT_TRUE(Eventually([&] { return service().held() == 1; }));

  std::thread stopping([this] { server_->front.GracefulStop(kTestPatience); });
  EXPECT_EQ(stream->End(), absl::UnavailableError("etcdserver: server stopped"));
  service().ReleaseHeld();
  EXPECT_EQ(*held->Next(), "released");
  EXPECT_TRUE(held->End().ok());
  stopping.join();
  EXPECT_EQ(client().AwaitLoss().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client().Connect().code(), absl::StatusCode::kUnavailable);
}

TEST_P(FrontTest, GracefulStopCutsOffWhatTakesTooLong) {
  const auto held = client().Open("/test.Echo/Hold");
  ASSERT_TRUE(held->Write(""));
  held->HalfClose();
  EXPECT_TRUE(Eventually([&] { return service().held() == 1; }));
  server_->front.GracefulStop(absl::Milliseconds(50));
  EXPECT_EQ(held->End().code(), absl::StatusCode::kUnavailable);
  service().ReleaseHeld();  // the loop is gone; nothing happens
}

TEST_P(FrontTest, AnswersAfterTheFrontIsGoneAreHarmless) {
  const auto held = client().Open("/test.Echo/Hold");
  ASSERT_TRUE(held->Write(""));
  held->HalfClose();
  EXPECT_TRUE(Eventually([&] { return service().held() == 1; }));
  server_->front.Stop();
  EXPECT_EQ(service().held(), 0U);
  service().ReleaseHeld();
  EXPECT_THAT(std::string(held->End().message()), HasSubstr("lost"));
}

TEST(FrontListenTest, RefusesBadAddresses) {
  TestService service;
  for (const char* address : {"127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "::1:80",
                              "no.such.host.invalid:1", "unix:"}) {
    FrontOptions options;
    options.listen_addresses = {address};
    Front front(options);
    EXPECT_FALSE(front.Start(&service, &service).ok()) << address;
  }
}

TEST(FrontListenTest, ATakenPortIsAnError) {
  TestFront first;
  FrontOptions options;
  options.listen_addresses = {first.address()};
  Front second(options);
  const absl::Status status = second.Start(&first.service, &first.service);
  EXPECT_THAT(std::string(status.message()), HasSubstr(first.address()));
}

TEST(FrontListenTest, ServesIpv6AndUnixSockets) {
  TestService service;
  const std::string path = ::testing::TempDir() + "/front_test_" + std::to_string(::getpid());
  FrontOptions options;
  options.listen_addresses = {"[::1]:0", "unix:" + path};
  Front front(options);
  ASSERT_TRUE(front.Start(&service, &service).ok());
  for (const std::string& address : {"[::1]:" + std::to_string(front.ports()[0]), "unix:" + path}) {
    GrpcClientOptions client_options;
    client_options.address = address;
    TestClient client(client_options);
    ASSERT_TRUE(client.Connect().ok()) << address;
    EXPECT_EQ(*client.Unary("/test.Echo/Unary", "over"), "over");
  }
  front.Stop();
  EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST(FrontListenTest, PausesAtTheConnectionLimitAndGoesOn) {
  FrontOptions options;
  options.max_connections = 1;
  TestFront server(options);
  auto first = std::make_unique<TestClient>(server.client());
  ASSERT_TRUE(first->Connect().ok());
  GrpcClientOptions impatient = server.client();
  impatient.connect_timeout = absl::Milliseconds(200);
  TestClient second(impatient);
  EXPECT_EQ(second.Connect().code(), absl::StatusCode::kDeadlineExceeded);
  first.reset();
  EXPECT_TRUE(Eventually([&] { return second.Connect().ok(); }));
  EXPECT_EQ(*second.Unary("/test.Echo/Unary", "x"), "x");
}

TEST(GrpcClientTest, ReportsWhyItCannotConnect) {
  GrpcClientOptions options;
  {
    TestFront gone;
    options.address = gone.address();
  }
  TestClient refused(options);
  EXPECT_THAT(std::string(refused.Connect().message()), HasSubstr("refused"));
  options.address = "no.such.host.invalid:1";
  TestClient unknown(options);
  EXPECT_EQ(unknown.Connect().code(), absl::StatusCode::kUnavailable);
}

TEST(GrpcClientTest, HearsOfALostConnectionAtOnceAndCanConnectAgain) {
  TestFront server;
  TestClient client(server.client());
  ASSERT_TRUE(client.Connect().ok());
  const auto call = client.Open("/test.Echo/Bidi");
  server.front.Stop();
  EXPECT_EQ(call->End().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client.AwaitLoss().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client.Open("/test.Echo/Bidi"), nullptr);
  FrontOptions options;
  options.listen_addresses = {server.address()};
  Front again(options);
  ASSERT_TRUE(again.Start(&server.service, &server.service).ok());
  EXPECT_TRUE(client.Connect().ok());
  EXPECT_EQ(*client.Unary("/test.Echo/Unary", "back"), "back");
}

TEST(GrpcClientTest, WriteRefusesMoreThanItsBound) {
  TestFront server;
  GrpcClientOptions options = server.client();
  options.max_queued_bytes = 1000;
  TestClient client(options);
  ASSERT_TRUE(client.Connect().ok());
  const auto call = client.Open("/test.Echo/Count");
  EXPECT_FALSE(call->Write(std::string(1000, 'x')));  // the prefix counts too
  EXPECT_TRUE(call->Write(std::string(995, 'x')));
  EXPECT_TRUE(Eventually([&] { return call->queued_bytes() == 0; }));
  EXPECT_TRUE(call->Write(std::string(995, 'x')));
  call->HalfClose();
  EXPECT_EQ(*call->Next(), "2 1990");
  EXPECT_TRUE(call->End().ok());
}

}  // namespace
}  // namespace stele::server
