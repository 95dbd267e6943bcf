#include "src/server/watch/watch_response.h"

#include <gtest/gtest.h>

#include "proto/rpc.pb.h"
#include "tests/server/watch/fake_store.h"

namespace stele::server {
namespace {

std::shared_ptr<const mvccpb::KeyValue> KeyValueOf(const std::string& key, std::size_t bytes) {
  auto kv = std::make_shared<mvccpb::KeyValue>();
  kv->set_key(key);
  kv->set_value(std::string(bytes, 'v'));
  kv->set_mod_revision(1234567890123);
  kv->set_version(7);
  return kv;
}

std::string Join(const std::vector<Call::Bytes>& parts) {
  std::string joined;
  for (const Call::Bytes& part : parts) joined += *part;
  return joined;
}

TEST(WatchResponseTest, AnEventIsWhatProtobufWouldWrite) {
  for (const auto type : {mvccpb::Event::PUT, mvccpb::Event::DELETE}) {
    for (const bool has_prev : {false, true}) {
      for (const std::size_t bytes : {0U, 1U, 100U, 200U, 20000U}) {
        storage::Event event{type, KeyValueOf("key", bytes), nullptr};
        const auto prev = has_prev ? KeyValueOf("prev", bytes) : nullptr;
        etcdserverpb::WatchResponse expected;
        mvccpb::Event* element = expected.add_events();
        element->set_type(type);
        *element->mutable_kv() = *event.kv;
        if (has_prev) *element->mutable_prev_kv() = *prev;
        EXPECT_EQ(*EncodeEvent(event, prev.get()), expected.SerializeAsString());
      }
    }
  }
}

TEST(WatchResponseTest, AnEventIsEncodedOnceForAllWhoWantTheSameForm) {
  FakeStore store;
  const storage::EventBatch created = store.Apply({FakeStore::Put("k", "1")});
  const storage::EventBatch changed = store.Apply({FakeStore::Put("k", "2")});
  const auto view = store.View();
  EncodedEvent encoded(&changed.events[0], view.get());
  const std::string* plain = encoded.Wire(false).get();
  EXPECT_EQ(encoded.Wire(false).get(), plain);
  EXPECT_EQ(store.previous_reads(), 0) << "nobody asked for it";
  EXPECT_NE(encoded.Wire(true).get(), plain);
  EXPECT_EQ(encoded.Wire(true).get(), encoded.Wire(true).get());
  EXPECT_EQ(store.previous_reads(), 1);

  EncodedEvent without_prev(&created.events[0], view.get());
  EXPECT_EQ(without_prev.Wire(true).get(), without_prev.Wire(false).get());
  EXPECT_EQ(store.previous_reads(), 1) << "there is nothing to read";
}

TEST(WatchResponseTest, WatchIdZeroIsNotWritten) {
  EXPECT_EQ(EncodeWatchId(0), nullptr);
  etcdserverpb::WatchResponse response;
  ASSERT_TRUE(response.ParseFromString(*EncodeWatchId(-1)));
  EXPECT_EQ(response.watch_id(), -1);
}

TEST(WatchResponseTest, FragmentsKeepEveryEventInOrderAndTheirLimit) {
  std::vector<Call::Bytes> response = {EncodeHeader({1, 2}, 3, 4), EncodeWatchId(5)};
  etcdserverpb::WatchResponse whole;
  for (const std::size_t bytes : {10U, 500U, 20U, 30U, 2000U, 5U}) {
    response.push_back(EncodeEvent({mvccpb::Event::PUT, KeyValueOf("k", bytes), nullptr}, nullptr));
  }
  ASSERT_TRUE(whole.ParseFromString(Join(response)));

  EXPECT_EQ(SplitIntoFragments(response, 2, 100000).size(), 1U);
  const auto fragments = SplitIntoFragments(response, 2, 700);
  etcdserverpb::WatchResponse merged;
  for (std::size_t i = 0; i < fragments.size(); ++i) {
    etcdserverpb::WatchResponse part;
    ASSERT_TRUE(part.ParseFromString(Join(fragments[i])));
    EXPECT_EQ(part.fragment(), i + 1 < fragments.size());
    EXPECT_EQ(part.watch_id(), 5);
    EXPECT_EQ(part.header().revision(), 3);
    ASSERT_GT(part.events_size(), 0);
    EXPECT_TRUE(part.events_size() == 1 || Join(fragments[i]).size() <= 700U);
    merged.MergeFrom(part);
  }
  EXPECT_EQ(fragments.size(), 3U);
  ASSERT_EQ(merged.events_size(), whole.events_size());
  for (int i = 0; i < whole.events_size(); ++i) {
    EXPECT_EQ(merged.events(i).SerializeAsString(), whole.events(i).SerializeAsString());
  }
}

}  // namespace
}  // namespace stele::server
