#include "src/client/watch_cursor.h"

#include <gtest/gtest.h>

#include <vector>

namespace stele::client {
namespace {

using etcdserverpb::WatchResponse;

WatchResponse Created(int64_t revision) {
  WatchResponse response;
  response.set_created(true);
  response.mutable_header()->set_revision(revision);
  return response;
}

WatchResponse Events(const std::vector<int64_t>& revisions, bool fragment = false) {
  WatchResponse response;
  response.mutable_header()->set_revision(1000);
  response.set_fragment(fragment);
  for (const int64_t revision : revisions) {
    response.add_events()->mutable_kv()->set_mod_revision(revision);
  }
  return response;
}

std::vector<int64_t> Revisions(const std::optional<WatchResponse>& response) {
  std::vector<int64_t> revisions;
  if (!response.has_value()) return revisions;
  for (const auto& event : response->events()) revisions.push_back(event.kv().mod_revision());
  return revisions;
}

using List = std::vector<int64_t>;

TEST(WatchCursor, FromNowOnBeginsBehindTheConfirmation) {
  WatchCursor cursor(0);
  EXPECT_FALSE(cursor.Take(Created(7)).has_value());
  EXPECT_EQ(cursor.next_revision(), 8);
  // The confirmation after reopening does not move it.
  cursor.Take(Created(20));
  EXPECT_EQ(cursor.next_revision(), 8);
}

TEST(WatchCursor, StartRevisionIsKept) {
  WatchCursor cursor(3);
  cursor.Take(Created(7));
  EXPECT_EQ(cursor.next_revision(), 3);
}

TEST(WatchCursor, MovesBehindTheLastEvent) {
  WatchCursor cursor(3);
  EXPECT_EQ(Revisions(cursor.Take(Events({3, 5, 5}))), (List{3, 5, 5}));
  EXPECT_EQ(cursor.next_revision(), 6);
}

TEST(WatchCursor, DropsWhatWasDeliveredBefore) {
  WatchCursor cursor(3);
  cursor.Take(Events({3, 4}));
  EXPECT_EQ(Revisions(cursor.Take(Events({4, 4, 5}))), (List{5}));
  EXPECT_FALSE(cursor.Take(Events({4, 5})).has_value());
  EXPECT_EQ(cursor.next_revision(), 6);
}

TEST(WatchCursor, ProgressMovesIt) {
  WatchCursor cursor(3);
  WatchResponse progress;
  progress.mutable_header()->set_revision(90);
  EXPECT_TRUE(cursor.Take(progress).has_value());
  EXPECT_EQ(cursor.next_revision(), 91);
}

TEST(WatchCursor, FragmentsComeAsOne) {
  WatchCursor cursor(1);
  EXPECT_FALSE(cursor.Take(Events({1, 2}, true)).has_value());
  EXPECT_EQ(cursor.next_revision(), 1);
  EXPECT_FALSE(cursor.Take(Events({2}, true)).has_value());
  const auto whole = cursor.Take(Events({2, 3}));
  EXPECT_EQ(Revisions(whole), (List{1, 2, 2, 2, 3}));
  EXPECT_FALSE(whole->fragment());
  EXPECT_EQ(cursor.next_revision(), 4);
}

TEST(WatchCursor, UnfinishedFragmentsAreReadAgain) {
  WatchCursor cursor(1);
  cursor.Take(Events({1, 2}, true));
  cursor.ForgetFragments();
  EXPECT_EQ(cursor.next_revision(), 1);
  EXPECT_EQ(Revisions(cursor.Take(Events({1, 2, 2}))), (List{1, 2, 2}));
}

TEST(WatchCursor, CancellationIsDelivered) {
  WatchCursor cursor(1);
  WatchResponse canceled;
  canceled.set_canceled(true);
  canceled.set_compact_revision(50);
  ASSERT_TRUE(cursor.Take(canceled).has_value());
  canceled.set_created(true);
  EXPECT_TRUE(cursor.Take(canceled).has_value());
}

}  // namespace
}  // namespace stele::client
