#include "bench/load/message_reader.h"

#include <gtest/gtest.h>

#include <vector>

#include "bench/load/grpc_frame.h"

namespace stele::load {
namespace {

// Whatever the cuts, the messages are the same.
TEST(MessageReaderTest, FindsMessagesInPiecesOfAnySize) {
  const std::vector<std::string> messages = {"one", "", std::string(300, 'x'), "last"};
  std::string stream;
  for (const std::string& message : messages) stream += FrameGrpcMessage(message);
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    MessageReader reader;
    std::vector<std::string> found;
    for (std::size_t begin = 0; begin < stream.size(); begin += piece) {
      reader.Feed(std::string_view(stream).substr(begin, piece), [&](std::string_view message) {
        found.emplace_back(message);
        return true;
      });
    }
    EXPECT_EQ(found, messages) << "pieces of " << piece;
  }
}

TEST(MessageReaderTest, StopsWhenNothingMoreIsOfInterest) {
  MessageReader reader;
  int calls = 0;
  reader.Feed(FrameGrpcMessage("a") + FrameGrpcMessage("b"), [&](std::string_view) {
    ++calls;
    return false;
  });
  EXPECT_EQ(calls, 1);
}

TEST(MessageReaderTest, ResetForgetsABeginning) {
  MessageReader reader;
  std::vector<std::string> found;
  const auto keep = [&](std::string_view message) {
    found.emplace_back(message);
    return true;
  };
  reader.Feed(FrameGrpcMessage("never complete").substr(0, 9), keep);
  reader.Reset();
  reader.Feed(FrameGrpcMessage("next"), keep);
  EXPECT_EQ(found, std::vector<std::string>{"next"});
}

}  // namespace
}  // namespace stele::load
