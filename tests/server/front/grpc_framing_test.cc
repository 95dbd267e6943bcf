#include "src/server/front/grpc_framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/server/front/stream_output.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Framed(const std::string& message) {
  const auto prefix = GrpcPrefix(message.size());
  return std::string(prefix.data(), prefix.size()) + message;
}

struct Reading {
  std::vector<std::string> messages;
  absl::Status status;
};

// Feeds `bytes` in pieces of `step`.
Reading Read(GrpcMessageReader* reader, const std::string& bytes, std::size_t step) {
  Reading reading;
  for (std::size_t i = 0; i < bytes.size() && reading.status.ok(); i += step) {
    reading.status = reader->Feed(std::string_view(bytes).substr(i, step),
                                  [&](std::string_view message, std::string* buffer) {
                                    if (buffer != nullptr) {
                                      EXPECT_EQ(*buffer, message);
                                    }
                                    reading.messages.emplace_back(message);
                                    return true;
                                  });
  }
  return reading;
}

TEST(GrpcMessageReaderTest, FindsMessagesHoweverTheyAreCut) {
  const std::string bytes =
      Framed("one") + Framed("") + Framed(std::string(5000, 'x')) + Framed("") + Framed("last");
  for (const std::size_t step : {1UL, 2UL, 5UL, 7UL, 4096UL, bytes.size()}) {
    GrpcMessageReader reader(1 << 20);
    const Reading reading = Read(&reader, bytes, step);
    EXPECT_TRUE(reading.status.ok());
    EXPECT_THAT(reading.messages, ElementsAre("one", "", std::string(5000, 'x'), "", "last"));
    EXPECT_FALSE(reader.partial());
  }
}

TEST(GrpcMessageReaderTest, KnowsItIsWithinAMessage) {
  const std::string bytes = Framed("hello");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    GrpcMessageReader reader(100);
    EXPECT_THAT(Read(&reader, bytes.substr(0, cut), 100).messages, IsEmpty());
    EXPECT_TRUE(reader.partial()) << cut;
  }
}

TEST(GrpcMessageReaderTest, RefusesALongMessageBeforeItArrives) {
  GrpcMessageReader reader(10);
  const Reading reading = Read(&reader, std::string("\0\xff\xff\xff\xff", 5), 5);
  EXPECT_EQ(reading.status, absl::ResourceExhaustedError(
                                "grpc: received message larger than max (4294967295 vs. 10)"));
  EXPECT_EQ(reader.buffered_bytes(), 0U);
}

TEST(GrpcMessageReaderTest, AClaimedLengthReservesNothing) {
  GrpcMessageReader reader(1U << 31);
  EXPECT_TRUE(Read(&reader,
                   std::string("\0\x7f\xff\xff\xff"
                               "abc",
                               8),
                   8)
                  .status.ok());
  EXPECT_EQ(reader.buffered_bytes(), 3U);
}

TEST(GrpcMessageReaderTest, RefusesCompressedAndUnknownFlags) {
  GrpcMessageReader compressed(10);
  EXPECT_EQ(Read(&compressed, std::string("\1\0\0\0\0", 5), 5).status.code(),
            absl::StatusCode::kInternal);
  GrpcMessageReader unknown(10);
  EXPECT_EQ(Read(&unknown, std::string("\2\0\0\0\0", 5), 5).status.code(),
            absl::StatusCode::kInternal);
}

TEST(GrpcMessageReaderTest, StopsWhenTold) {
  GrpcMessageReader reader(10);
  int delivered = 0;
  const auto once = [&](std::string_view, std::string*) {
    ++delivered;
    return false;
  };
  EXPECT_TRUE(reader.Feed(Framed("a") + Framed("b"), once).ok());
  EXPECT_TRUE(reader.Feed(Framed("c"), once).ok());
  EXPECT_EQ(delivered, 1);
}

// Takes the bytes a stream would write, whatever the pieces.
class Sink final : public ByteStream {
 public:
  Transfer Read(std::span<char> /*buffer*/) override { return {Outcome::kWouldBlock, 0}; }
  Transfer Write(std::span<const iovec> pieces) override {
    std::size_t taken = 0;
    for (const iovec& piece : pieces) {
      const std::size_t some = std::min(piece.iov_len, limit - taken);
      text.append(static_cast<const char*>(piece.iov_base), some);
      taken += some;
      if (taken == limit) break;
    }
    return {Outcome::kDone, taken};
  }
  void ShutdownWrite() override {}
  int fd() const override { return -1; }
  bool short_read_means_empty() const override { return true; }

  std::string text;
  std::size_t limit = 1 << 30;  // of one Write
};

using Piece = std::shared_ptr<const std::string>;

TEST(StreamOutputTest, SmallMessagesAreOnePart) {
  const std::vector<Piece> pieces = {std::make_shared<const std::string>("event"), nullptr,
                                     std::make_shared<const std::string>("s")};
  const Piece large = std::make_shared<const std::string>(100'000, 'l');
  std::vector<OutputPart> parts;
  std::string expected;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(AppendGrpcMessage(std::span<const Piece>(pieces), /*copies=*/true, &parts), 11U);
    AppendGrpcMessage({}, /*copies=*/true, &parts);
    expected += Framed("events") + Framed("");
  }
  EXPECT_EQ(parts.size(), 1U);
  AppendGrpcMessage(std::span<const Piece>(&large, 1), /*copies=*/true, &parts);
  AppendGrpcMessage(std::span<const Piece>(pieces), /*copies=*/true, &parts);
  EXPECT_EQ(parts.size(), 3U);
  // A call that has much queued keeps references only.
  AppendGrpcMessage(std::span<const Piece>(pieces), /*copies=*/false, &parts);
  EXPECT_EQ(parts.size(), 5U);
  expected += Framed(*large) + Framed("events") + Framed("events");

  StreamOutput stream;
  for (OutputPart& part : parts) stream.Push(std::move(part));
  EXPECT_EQ(stream.size(), expected.size());
  OutputBuffer output;
  while (!stream.empty()) stream.MoveTo(std::min<std::size_t>(7, stream.size()), &output);
  Sink sink;
  EXPECT_EQ(output.WriteTo(&sink), ByteStream::Outcome::kDone);
  EXPECT_EQ(sink.text, expected);
}

TEST(StreamOutputTest, GivesTheBytesInOrderHoweverTheyAreTaken) {
  const auto large = std::make_shared<const std::string>(100'000, 'l');
  const auto small = std::make_shared<const std::string>("small");
  const std::string expected =
      Framed(*small + *large + *small) + Framed("") + Framed("owned") + Framed(*large);
  for (const std::size_t step : {1UL, 3UL, 16384UL, 1000'000UL}) {
    StreamOutput stream;
    std::vector<OutputPart> parts;
    const std::vector<Piece> pieces = {small, nullptr, large, small};
    AppendGrpcMessage(std::span<const Piece>(pieces), /*copies=*/true, &parts);
    AppendGrpcMessage({}, /*copies=*/false, &parts);
    for (OutputPart& part : parts) stream.Push(std::move(part));
    stream.Push(GrpcMessagePart("owned"));
    stream.Push(GrpcMessagePart(*large));
    EXPECT_EQ(stream.size(), expected.size());
    OutputBuffer output;
    while (!stream.empty()) stream.MoveTo(std::min(step, stream.size()), &output);
    EXPECT_EQ(output.size(), expected.size());
    Sink sink;
    sink.limit = 777;
    EXPECT_EQ(output.WriteTo(&sink), ByteStream::Outcome::kDone);
    EXPECT_EQ(sink.text, expected);
    EXPECT_TRUE(output.empty());
  }
}

TEST(StreamOutputTest, LargePiecesAreSharedNotCopied) {
  const auto large = std::make_shared<const std::string>(1 << 20, 'l');
  StreamOutput stream;
  std::vector<OutputPart> parts;
  AppendGrpcMessage(std::span<const Piece>(&large, 1), /*copies=*/true, &parts);
  stream.Push(std::move(parts[0]));
  OutputBuffer output;
  while (!stream.empty()) stream.MoveTo(std::min<std::size_t>(16384, stream.size()), &output);
  EXPECT_GE(large.use_count(), 64);  // one reference a frame
}

TEST(StreamOutputTest, DropAllButKeepsWhatIsPromised) {
  StreamOutput stream;
  stream.Push(GrpcMessagePart("0123456789"));
  stream.Push(GrpcMessagePart("abc"));
  stream.DropAllBut(8);
  EXPECT_EQ(stream.size(), 8U);
  OutputBuffer output;
  stream.MoveTo(8, &output);
  Sink sink;
  EXPECT_EQ(output.WriteTo(&sink), ByteStream::Outcome::kDone);
  EXPECT_EQ(sink.text.substr(kGrpcPrefixBytes), "012");
  EXPECT_TRUE(stream.empty());
}

}  // namespace
}  // namespace stele::server
