#include "src/server/watch/watch_inbox.h"

#include <gtest/gtest.h>

#include "tests/server/watch/fake_store.h"

namespace stele::server {
namespace {

TEST(WatchInboxTest, WakesWhenItTurnsNotEmpty) {
  int wakes = 0;
  std::atomic<std::int64_t> pending{0};
  WatchInbox inbox([&] { ++wakes; }, 1000, &pending);
  std::vector<WatchInput> inputs;
  inbox.TakeAll(&inputs);
  EXPECT_TRUE(inputs.empty());
  EXPECT_EQ(wakes, 0);
  inbox.Post(LeaderKnown{false});
  inbox.Post(LeaderKnown{true});
  EXPECT_EQ(wakes, 1);
  inbox.TakeAll(&inputs);
  ASSERT_EQ(inputs.size(), 2U);
  EXPECT_FALSE(std::get<LeaderKnown>(inputs[0]).known);
  EXPECT_TRUE(inbox.Empty());
  inbox.Post(LeaderKnown{false});
  EXPECT_EQ(wakes, 2);
}

TEST(WatchInboxTest, DropsEventsButNotRevisionsAboveItsBound) {
  FakeStore store;
  std::atomic<std::int64_t> pending{0};
  WatchInbox inbox([] {}, 1000, &pending);
  const auto post = [&] {
    const auto batch = store.Apply({FakeStore::Put("k", std::string(2000, 'v'))});
    inbox.PostPublication({{batch}, store.View()});
  };
  post();
  post();
  EXPECT_EQ(pending, 1);
  std::vector<WatchInput> inputs;
  inbox.TakeAll(&inputs);
  ASSERT_EQ(inputs.size(), 2U);
  EXPECT_EQ(std::get<Publication>(inputs[0]).batches.size(), 1U);
  EXPECT_EQ(std::get<Publication>(inputs[1]).batches.size(), 0U);
  EXPECT_EQ(std::get<Publication>(inputs[1]).view->current_revision(), 3);
  inputs.clear();
  post();
  inbox.TakeAll(&inputs);
  EXPECT_EQ(std::get<Publication>(inputs[0]).batches.size(), 1U) << "there is room again";
}

TEST(WatchInboxTest, IsDeafOnceClosed) {
  int wakes = 0;
  std::atomic<std::int64_t> pending{0};
  WatchInbox inbox([&] { ++wakes; }, 1000, &pending);
  inbox.Close();
  inbox.Post(LeaderKnown{false});
  EXPECT_EQ(wakes, 0);
  EXPECT_TRUE(inbox.Empty());
}

}  // namespace
}  // namespace stele::server
