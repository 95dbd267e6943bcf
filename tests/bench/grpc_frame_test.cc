#include "bench/load/grpc_frame.h"

#include <gtest/gtest.h>

namespace stele::load {
namespace {

TEST(GrpcFrameTest, WhatIsFramedCanBeUnframed) {
  for (const std::size_t size : {0U, 1U, 255U, 256U, 70'000U}) {
    const std::string message(size, 'm');
    const std::string framed = FrameGrpcMessage(message);
    EXPECT_EQ(framed.size(), size + kGrpcPrefixBytes);
    EXPECT_EQ(UnframeGrpcMessage(framed), message);
  }
}

TEST(GrpcFrameTest, LengthIsBigEndian) {
  EXPECT_EQ(FrameGrpcMessage(std::string(258, 'm')).substr(0, 5), std::string("\0\0\0\1\2", 5));
}

TEST(GrpcFrameTest, RefusesWhatIsNotOneCompleteMessage) {
  const std::string framed = FrameGrpcMessage("abc");
  EXPECT_EQ(UnframeGrpcMessage(framed.substr(0, 4)), std::nullopt);
  EXPECT_EQ(UnframeGrpcMessage(framed.substr(0, 7)), std::nullopt);
  EXPECT_EQ(UnframeGrpcMessage(framed + "x"), std::nullopt);
  std::string compressed = framed;
  compressed[0] = '\1';
  EXPECT_EQ(UnframeGrpcMessage(compressed), std::nullopt);
}

TEST(GrpcFrameTest, NamesCodes) {
  EXPECT_EQ(GrpcCodeName(0), "OK");
  EXPECT_EQ(GrpcCodeName(8), "ResourceExhausted");
  EXPECT_EQ(GrpcCodeName(16), "Unauthenticated");
  EXPECT_EQ(GrpcCodeName(17), "Code(17)");
  EXPECT_EQ(GrpcCodeName(-1), "Code(-1)");
}

}  // namespace
}  // namespace stele::load
