#include "bench/load/watch_message.h"

#include <gtest/gtest.h>

#include "proto/rpc.pb.h"

namespace stele::load {
namespace {

TEST(WatchMessageTest, ReadsWhatProtobufWrites) {
  etcdserverpb::WatchResponse response;
  response.mutable_header()->set_revision(1'000'000);
  response.set_watch_id(-1);
  for (const char* value : {"first", "second"}) {
    mvccpb::Event* event = response.add_events();
    event->set_type(mvccpb::Event::PUT);
    event->mutable_kv()->set_key("key");
    event->mutable_kv()->set_mod_revision(7);
    event->mutable_kv()->set_value(value);
    event->mutable_prev_kv()->set_value("before");
  }
  const std::string bytes = response.SerializeAsString();
  std::vector<std::string_view> values;
  const auto message = ReadWatchMessage(bytes, &values);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->events, 2U);
  EXPECT_FALSE(message->created);
  EXPECT_FALSE(message->canceled);
  EXPECT_EQ(values, (std::vector<std::string_view>{"first", "second"}));
}

TEST(WatchMessageTest, ReadsTheLifeOfAWatch) {
  etcdserverpb::WatchResponse response;
  response.set_created(true);
  EXPECT_TRUE(ReadWatchMessage(response.SerializeAsString(), nullptr)->created);
  response.set_canceled(true);
  response.set_cancel_reason("too old");
  const std::string bytes = response.SerializeAsString();
  const auto message = ReadWatchMessage(bytes, nullptr);
  EXPECT_TRUE(message->canceled);
  EXPECT_EQ(message->cancel_reason, "too old");
}

TEST(WatchMessageTest, ADeletionHasAnEmptyValue) {
  etcdserverpb::WatchResponse response;
  response.add_events()->set_type(mvccpb::Event::DELETE);
  const std::string bytes = response.SerializeAsString();
  std::vector<std::string_view> values;
  EXPECT_EQ(ReadWatchMessage(bytes, &values)->events, 1U);
  EXPECT_EQ(values, std::vector<std::string_view>{""});
}

TEST(WatchMessageTest, RefusesWhatIsCutShort) {
  etcdserverpb::WatchResponse response;
  response.add_events()->mutable_kv()->set_value("value");
  const std::string bytes = response.SerializeAsString();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadWatchMessage(std::string_view(bytes).substr(0, size), nullptr).has_value());
  }
}

}  // namespace
}  // namespace stele::load
