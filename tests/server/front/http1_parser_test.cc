#include "src/server/front/http1_parser.h"

#include <gtest/gtest.h>

#include <string>

#include "src/server/front/flood_guard.h"

namespace stele::server {
namespace {

using Outcome = Http1Parse::Outcome;

constexpr std::size_t kHeadMax = 16 * 1024;

int ErrorOf(std::string_view text) {
  Http1Head head;
  const Http1Parse parse = ParseHttp1Head(text, kHeadMax, &head);
  return parse.outcome == Outcome::kError ? parse.http_status : 0;
}

TEST(Http1ParserTest, ReadsARequest) {
  const std::string text =
      "GET /health?exclude=NOSPACE HTTP/1.1\r\nHost: a:1\r\nX-Thing:  spaced \r\n\r\nrest";
  Http1Head head;
  const Http1Parse parse = ParseHttp1Head(text, kHeadMax, &head);
  ASSERT_EQ(parse.outcome, Outcome::kComplete);
  EXPECT_EQ(text.substr(parse.bytes), "rest");
  EXPECT_EQ(head.head.method, "GET");
  EXPECT_EQ(head.head.path, "/health?exclude=NOSPACE");
  EXPECT_EQ(FindField(head.head.fields, "x-thing"), "spaced");
  EXPECT_TRUE(head.keep_alive);
}

TEST(Http1ParserTest, EveryPrefixIsIncomplete) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    Http1Head head;
    EXPECT_EQ(ParseHttp1Head(std::string_view(text).substr(0, size), kHeadMax, &head).outcome,
              Outcome::kIncomplete)
        << size;
  }
}

TEST(Http1ParserTest, ConnectionOptions) {
  Http1Head head;
  ParseHttp1Head("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", kHeadMax, &head);
  EXPECT_FALSE(head.keep_alive);
  ParseHttp1Head("GET / HTTP/1.0\r\n\r\n", kHeadMax, &head);
  EXPECT_FALSE(head.keep_alive);
}

TEST(Http1ParserTest, RefusesWhatIsAmbiguousOrBroken) {
  for (const char* text : {
           "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
           "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           "GET health HTTP/1.1\r\nHost: a\r\n\r\n",
           "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET / HTTX/1.1\r\nHost: a\r\n\r\n",
           "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
           "\r\n\r\n",
       }) {
    EXPECT_EQ(ErrorOf(text), 400) << text;
  }
}

TEST(Http1ParserTest, RefusesWhatIsTooMuch) {
  EXPECT_EQ(ErrorOf("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
  EXPECT_EQ(ErrorOf("GET /" + std::string(9000, 'a')), 414);
  EXPECT_EQ(ErrorOf("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'a')), 431);
  EXPECT_EQ(ErrorOf("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(ErrorOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 501);
  EXPECT_EQ(ErrorOf("POST / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n"), 417);
}

constexpr std::int64_t kSecondNs = 1'000'000'000;

TEST(FloodGuardTest, BucketRefillsWithTime) {
  TokenBucket bucket(2, 1);
  EXPECT_TRUE(bucket.Take(kSecondNs));
  EXPECT_TRUE(bucket.Take(kSecondNs));
  EXPECT_FALSE(bucket.Take(kSecondNs));
  EXPECT_FALSE(bucket.Take(kSecondNs + kSecondNs / 2));
  EXPECT_TRUE(bucket.Take(2 * kSecondNs));
  EXPECT_FALSE(bucket.Take(2 * kSecondNs));
}

TEST(FloodGuardTest, ThirdEarlyPingIsTooMany) {
  FloodGuard guard(10, 1, absl::Seconds(5));
  EXPECT_TRUE(guard.OnPing(1 * kSecondNs, true));
  EXPECT_TRUE(guard.OnPing(6 * kSecondNs, true));
  EXPECT_TRUE(guard.OnPing(7 * kSecondNs, true));
  EXPECT_TRUE(guard.OnPing(8 * kSecondNs, true));
  EXPECT_FALSE(guard.OnPing(9 * kSecondNs, true));
}

TEST(FloodGuardTest, PingsThatMeasureOurDataAreForgiven) {
  FloodGuard guard(10, 1, absl::Seconds(5));
  for (int i = 1; i < 100; ++i) {
    guard.OnDataSent();
    EXPECT_TRUE(guard.OnPing(i * kSecondNs / 100, true));
  }
}

TEST(FloodGuardTest, PingsWithoutACallAreEarlyForTwoHours) {
  FloodGuard guard(10, 1, absl::Seconds(5));
  EXPECT_TRUE(guard.OnPing(1 * kSecondNs, false));
  EXPECT_TRUE(guard.OnPing(10 * kSecondNs, false));
  EXPECT_TRUE(guard.OnPing(20 * kSecondNs, false));
  EXPECT_FALSE(guard.OnPing(30 * kSecondNs, false));
}

}  // namespace
}  // namespace stele::server
