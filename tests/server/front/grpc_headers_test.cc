#include "src/server/front/grpc_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stele::server {
namespace {

TEST(GrpcHeadersTest, RecognisesContentTypes) {
  EXPECT_TRUE(IsGrpcContentType("application/grpc"));
  EXPECT_TRUE(IsGrpcContentType("application/grpc+proto"));
  EXPECT_TRUE(IsGrpcContentType("application/grpc;charset=utf-8"));
  EXPECT_FALSE(IsGrpcContentType("application/grpc+json"));
  EXPECT_FALSE(IsGrpcContentType("application/grpc-web"));
  EXPECT_FALSE(IsGrpcContentType("application/json"));
  EXPECT_FALSE(IsGrpcContentType(""));
}

TEST(GrpcHeadersTest, ParsesTimeouts) {
  EXPECT_EQ(ParseGrpcTimeout("5S"), absl::Seconds(5));
  EXPECT_EQ(ParseGrpcTimeout("250m"), absl::Milliseconds(250));
  EXPECT_EQ(ParseGrpcTimeout("1n"), absl::Nanoseconds(1));
  EXPECT_EQ(ParseGrpcTimeout("0u"), absl::ZeroDuration());
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), absl::Hours(99'999'999));
}

TEST(GrpcHeadersTest, RefusesMalformedTimeouts) {
  for (const char* text : {"", "S", "5", "5s", "-1S", "+1S", "1.5S", "123456789S", "5 S", " 5S",
                           "99999999999999999999H"}) {
    EXPECT_EQ(ParseGrpcTimeout(text), std::nullopt) << text;
  }
}

TEST(GrpcHeadersTest, FormatsTimeoutsThatParseBack) {
  EXPECT_EQ(FormatGrpcTimeout(absl::Seconds(5)), "5000000u");
  EXPECT_EQ(FormatGrpcTimeout(absl::Nanoseconds(7)), "7n");
  EXPECT_EQ(FormatGrpcTimeout(-absl::Seconds(1)), "0n");
  for (const absl::Duration timeout :
       {absl::Milliseconds(99), absl::Seconds(99), absl::Hours(30), absl::Hours(100'000)}) {
    EXPECT_EQ(ParseGrpcTimeout(FormatGrpcTimeout(timeout)), timeout);
  }
}

TEST(GrpcHeadersTest, PercentEncodingIsUndone) {
  EXPECT_EQ(PercentEncode("a b~"), "a b~");
  EXPECT_EQ(PercentEncode("50%\n\xc3\xa9"), "50%25%0A%C3%A9");
  EXPECT_EQ(PercentDecode("50%25%0a%C3%A9"), "50%\n\xc3\xa9");
  EXPECT_EQ(PercentDecode("100%"), "100%");
  EXPECT_EQ(PercentDecode("%zz%4"), "%zz%4");
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  EXPECT_EQ(PercentDecode(PercentEncode(every_byte)), every_byte);
}

TEST(GrpcHeadersTest, BinaryHeaders) {
  EXPECT_EQ(DecodeBinaryHeader("aGVsbG8="), "hello");
  EXPECT_EQ(DecodeBinaryHeader("aGVsbG8"), "hello");
  EXPECT_EQ(DecodeBinaryHeader(""), "");
  EXPECT_EQ(DecodeBinaryHeader("a"), std::nullopt);
  EXPECT_EQ(DecodeBinaryHeader("a$b="), std::nullopt);
  EXPECT_EQ(DecodeBinaryHeader(EncodeBinaryHeader(std::string("\0\xff", 2))),
            std::string("\0\xff", 2));
}

TEST(GrpcHeadersTest, StatusOfResponses) {
  EXPECT_EQ(ParseGrpcStatus("0", ""), absl::OkStatus());
  EXPECT_EQ(ParseGrpcStatus("14", "no%20leader"), absl::UnavailableError("no leader"));
  EXPECT_EQ(ParseGrpcStatus("17", "x").code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(ParseGrpcStatus("abc", "x").code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(StatusFromHttp(503).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StatusFromHttp(404).code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace stele::server
