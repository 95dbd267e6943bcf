// The guarantees of the API, one by one and by their names, each by a script that would break it in
// a hub that drops, repeats or reorders. watch_random_test.cc looks for the scripts not thought of.
#include <gmock/gmock.h>

#include "tests/server/watch/hub_fixture.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;

WatchOptions TightOptions() {
  WatchOptions options;
  options.stream_bytes_max = 1000;
  options.slice_revisions = 3;
  options.max_fragment_bytes = 600;
  return options;
}

class WatchGuaranteesTest : public HubFixture {
 protected:
  WatchGuaranteesTest() : HubFixture(TightOptions()) { stream_ = Open(call_); }

  // Writes more than the stream's budget while the client does not read, then lets it read.
  void Stall(int revisions) {
    call_->SetReading(false);
    PutMany("a", revisions, 300);
    call_->SetReading(true);
    Run();
  }
  std::vector<std::int64_t> TakeRevisions() {
    std::vector<std::int64_t> revisions;
    for (const auto& response : call_->Take()) {
      for (const auto& event : response.events()) revisions.push_back(event.kv().mod_revision());
    }
    return revisions;
  }

  std::shared_ptr<FakeCall> call_ = std::make_shared<FakeCall>();
  WatchStreamId stream_ = 0;
};

TEST_F(WatchGuaranteesTest, OrderedByRevisionThenByTheOrderInsideIt) {
  hub_->Create(stream_, Request("a", "z"));
  Commit({FakeStore::Put("c", "1"), FakeStore::Put("a", "1"), FakeStore::Delete("b")});
  Commit({FakeStore::Put("a", "2")});
  EXPECT_THAT(TakeLines(*call_),
              ElementsAre("#0 @1 created", "#0 @2 put c=1@2 put a=1@2 del b@2", "#0 @3 put a=2@3"));
}

TEST_F(WatchGuaranteesTest, UniqueAcrossEverySwitchBetweenTheTwoStates) {
  hub_->Create(stream_, Request("a"));
  for (int i = 0; i < 5; ++i) {
    Stall(10);
    PutMany("a", 2);
  }
  const std::vector<std::int64_t> revisions = TakeRevisions();
  EXPECT_EQ(std::set<std::int64_t>(revisions.begin(), revisions.end()).size(), revisions.size());
}

TEST_F(WatchGuaranteesTest, ReliableNothingIsMissingBetweenTheFirstAndTheLastEvent) {
  hub_->Create(stream_, Request("a"));
  Stall(20);
  PutMany("a", 2);
  const std::vector<std::int64_t> revisions = TakeRevisions();
  ASSERT_EQ(revisions.size(), 22U);
  for (std::size_t i = 0; i < revisions.size(); ++i) {
    EXPECT_EQ(revisions[i], static_cast<std::int64_t>(i) + 2);
  }
}

TEST_F(WatchGuaranteesTest, AtomicARevisionIsOneResponse) {
  std::vector<FakeStore::Change> large;
  for (int i = 0; i < 50; ++i) {
    large.push_back(FakeStore::Put(absl::StrCat("k", i), std::string(100, 'v')));
  }
  hub_->Create(stream_, Request("k", "l"));
  Commit(large);
  hub_->Create(stream_, Request("k", "l", 2));
  Run();
  int sizes = 0;
  for (const auto& response : call_->Take()) {
    EXPECT_FALSE(response.fragment());
    if (response.created()) continue;
    EXPECT_EQ(response.events_size(), 50);
    ++sizes;
  }
  EXPECT_EQ(sizes, 2) << "live and from history";
}

TEST_F(WatchGuaranteesTest, AtomicUnlessTheClientAllowsFragments) {
  Create request = Request("k", "l");
  request.set_fragment(true);
  hub_->Create(stream_, request);
  Run();
  call_->Take();
  std::vector<FakeStore::Change> large;
  for (int i = 0; i < 20; ++i) {
    large.push_back(FakeStore::Put(absl::StrCat("k", i), std::string(100, 'v')));
  }
  Commit(large);
  const auto fragments = call_->Take();
  ASSERT_GT(fragments.size(), 3U);
  int next = 0;
  for (std::size_t i = 0; i < fragments.size(); ++i) {
    EXPECT_EQ(fragments[i].fragment(), i + 1 < fragments.size());
    EXPECT_LE(fragments[i].ByteSizeLong(), 600U);
    EXPECT_EQ(fragments[i].header().revision(), 2);
    for (const auto& event : fragments[i].events()) {
      EXPECT_EQ(event.kv().key(), absl::StrCat("k", next++));
    }
  }
  EXPECT_EQ(next, 20);
}

TEST_F(WatchGuaranteesTest, ResumableFromAnyRevisionSeen) {
  hub_->Create(stream_, Request("a"));
  PutMany("a", 10);
  const std::vector<std::int64_t> all = TakeRevisions();
  for (std::size_t seen = 0; seen < all.size(); ++seen) {
    auto next_call = std::make_shared<FakeCall>();
    hub_->Create(Open(next_call), Request("a", "", all[seen] + 1));
    Run();
    std::vector<std::int64_t> rest;
    for (const auto& response : next_call->Take()) {
      for (const auto& event : response.events()) rest.push_back(event.kv().mod_revision());
    }
    EXPECT_EQ(rest,
              std::vector<std::int64_t>(all.begin() + static_cast<long>(seen) + 1, all.end()));
  }
}

TEST_F(WatchGuaranteesTest, ResumableFromTheRevisionOfTheCreatedHeader) {
  PutMany("a", 4);
  hub_->Create(stream_, Request("a"));
  Run();
  const std::int64_t created = call_->Take().front().header().revision();
  // The connection breaks here; what came after the header is what a new watch must give.
  Commit({FakeStore::Put("a", "next")});
  auto resumed = std::make_shared<FakeCall>();
  hub_->Create(Open(resumed), Request("a", "", created + 1));
  Run();
  EXPECT_THAT(TakeLines(*resumed), ElementsAre("#0 @6 created", "#0 @6 put a=next@6"));
}

TEST_F(WatchGuaranteesTest, BookmarkableNoEventFollowsAProgressThatCoversIt) {
  hub_->Create(stream_, Request("a"));
  hub_->Create(stream_, Request("b"));
  Run();
  for (int i = 0; i < 10; ++i) {
    call_->SetReading(i % 3 != 0);
    Publish({Apply({FakeStore::Put("a", std::string(400, 'v'))})});
    hub_->RequestProgress(stream_);
    Run();
  }
  call_->SetReading(true);
  Run();
  hub_->RequestProgress(stream_);
  Run();
  std::int64_t bookmark = 0;
  int bookmarks = 0;
  for (const auto& response : call_->Take()) {
    if (response.watch_id() == -1) {
      EXPECT_GE(response.header().revision(), bookmark);
      bookmark = response.header().revision();
      ++bookmarks;
    }
    for (const auto& event : response.events()) {
      EXPECT_GT(event.kv().mod_revision(), bookmark);
    }
  }
  EXPECT_EQ(bookmark, 11);
  EXPECT_GT(bookmarks, 3);
}

TEST_F(WatchGuaranteesTest, AWatchCreatedAfterAPublicationStartsBehindIt) {
  Publish({Apply({FakeStore::Put("a", "1")})});  // the writer is answered from here on
  hub_->Create(stream_, Request("a"));
  Publish({Apply({FakeStore::Put("a", "2")})});
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @2 created", "#0 @3 put a=2@3"));
}

TEST_F(WatchGuaranteesTest, EveryHeaderNamesThisNode) {
  hub_->Create(stream_, Request("a"));
  Commit({FakeStore::Put("a", "1")});
  for (const auto& response : call_->Take()) {
    EXPECT_EQ(response.header().cluster_id(), kClusterId);
    EXPECT_EQ(response.header().member_id(), kMemberId);
    EXPECT_EQ(response.header().raft_term(), kTerm);
  }
}

}  // namespace
}  // namespace stele::server
