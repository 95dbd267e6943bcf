// Live and unsynced: how watchers move between the two, and what it costs.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/server/watch/hub_fixture.h"

namespace stele::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

WatchOptions SmallBudgets() {
  WatchOptions options;
  options.stream_bytes_max = 4000;
  options.slice_bytes = 1000;
  options.slice_revisions = 10;
  options.response_bytes = 1500;
  return options;
}

class WatchFlowTest : public HubFixture {
 protected:
  WatchFlowTest() : HubFixture(SmallBudgets()) { stream_ = Open(call_); }

  std::vector<std::int64_t> TakeRevisions(FakeCall& call) {
    std::vector<std::int64_t> revisions;
    for (const auto& response : call.Take()) {
      for (const auto& event : response.events()) revisions.push_back(event.kv().mod_revision());
    }
    return revisions;
  }
  static std::vector<std::int64_t> Sequence(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> revisions;
    for (; first <= last; ++first) revisions.push_back(first);
    return revisions;
  }

  std::shared_ptr<FakeCall> call_ = std::make_shared<FakeCall>();
  WatchStreamId stream_ = 0;
};

TEST_F(WatchFlowTest, LiveEventsNeedNoReadOfTheStore) {
  hub_->Create(stream_, Request("a"));
  PutMany("a", 20);
  EXPECT_EQ(TakeRevisions(*call_), Sequence(2, 21));
  EXPECT_EQ(store_.reads(), 0);
}

TEST_F(WatchFlowTest, RevisionsOfOnePublicationShareAResponse) {
  hub_->Create(stream_, Request("a"));
  Run();
  call_->Take();
  Publish({Apply({FakeStore::Put("a", "1")}), Apply({FakeStore::Put("b", "1")}),
           Apply({FakeStore::Put("a", "2")}), Apply({FakeStore::Put("b", "2")})});
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @5 put a=1@2 put a=2@4"));
}

TEST_F(WatchFlowTest, LargePublicationsAreCutBetweenRevisions) {
  hub_->Create(stream_, Request("a"));
  Run();
  call_->Take();
  std::vector<storage::EventBatch> batches;
  for (int i = 0; i < 4; ++i) {
    batches.push_back(Apply({FakeStore::Put("a", std::string(1000, 'v'))}));
  }
  Publish(std::move(batches));
  Run();
  const auto responses = call_->Take();
  ASSERT_EQ(responses.size(), 2U);
  EXPECT_EQ(responses[0].events_size(), 2);
  EXPECT_EQ(responses[0].header().revision(), 3);
  EXPECT_EQ(responses[1].events_size(), 2);
  EXPECT_EQ(responses[1].header().revision(), 5);
}

TEST_F(WatchFlowTest, HistoryComesInSlicesAndTurnsLive) {
  WatchOptions options = SmallBudgets();
  options.pass_watchers = 2;
  MakeHub(options);
  stream_ = Open(call_);
  PutMany("a", 35);
  hub_->Create(stream_, Request("a", "", 2));
  ASSERT_TRUE(hub_->RunOnce());
  EXPECT_EQ(hub_->counters().slow_watchers, 1);
  Run();
  EXPECT_EQ(hub_->counters().slow_watchers, 0);
  EXPECT_EQ(TakeRevisions(*call_), Sequence(2, 36));
  const int reads = store_.reads();
  PutMany("a", 5);
  EXPECT_EQ(TakeRevisions(*call_), Sequence(37, 41));
  EXPECT_EQ(store_.reads(), reads);
}

TEST_F(WatchFlowTest, LiveEventsBetweenSlicesAreNeitherLostNorRepeated) {
  PutMany("a", 35);
  hub_->Create(stream_, Request("a", "", 2));
  for (int i = 0; i < 20; ++i) {
    hub_->RunOnce();
    Publish({Apply({FakeStore::Put("a", "live")})});
  }
  Run();
  EXPECT_EQ(TakeRevisions(*call_), Sequence(2, 56));
}

TEST_F(WatchFlowTest, ASlowReaderCostsNoMoreThanItsBudgetAndMissesNothing) {
  hub_->Create(stream_, Request("a"));
  auto other = std::make_shared<FakeCall>();
  hub_->Create(Open(other), Request("a"));
  Run();
  call_->SetReading(false);
  PutMany("a", 200, 500);
  EXPECT_LE(call_->largest_queue(), 4000U + 2000U);
  EXPECT_EQ(hub_->counters().slow_watchers, 1);
  EXPECT_EQ(TakeRevisions(*other), Sequence(2, 201)) << "another stream's reader is not held up";
  for (int i = 0; i < 1000 && hub_->counters().slow_watchers > 0; ++i) {
    call_->SetReading(true);
    call_->SetReading(false);
    Run();
    EXPECT_LE(call_->queued_bytes(), 4000U + 2000U);
  }
  EXPECT_EQ(TakeRevisions(*call_), Sequence(2, 201));
}

TEST_F(WatchFlowTest, ASlowReaderThatCompactionOvertakesIsToldSo) {
  hub_->Create(stream_, Request("a"));
  Run();
  call_->SetReading(false);
  PutMany("a", 100, 500);
  store_.Compact(90);
  call_->SetReading(true);
  Run();
  const auto responses = call_->Take();
  EXPECT_EQ(Describe(responses.back()), "#0 @0 canceled compacted=90");
  EXPECT_EQ(hub_->counters().watchers, 0);
}

TEST_F(WatchFlowTest, AFullInboxTurnsIntoReadsOfHistory) {
  WatchOptions options = SmallBudgets();
  options.inbox_bytes_max = 2000;
  options.stream_bytes_max = 1000000;
  MakeHub(options);
  stream_ = Open(call_);
  hub_->Create(stream_, Request("a"));
  Run();
  PutMany("a", 50, 500);  // the hub does not run between
  EXPECT_GT(store_.reads(), 0);
  EXPECT_EQ(TakeRevisions(*call_), Sequence(2, 51));
  EXPECT_EQ(hub_->counters().pending_events, 0);
}

TEST_F(WatchFlowTest, WatchersWithOneRangeAndCursorShareTheReads) {
  MakeHub({});  // no budget of this test's stream stops the pass
  stream_ = Open(call_);
  PutMany("a", 5);
  for (int i = 0; i < 100; ++i) hub_->Create(stream_, Request("a", "", 2));
  Run();
  EXPECT_EQ(store_.reads(), 1);
  EXPECT_EQ(TakeRevisions(*call_).size(), 500U);
}

TEST_F(WatchFlowTest, StreamsAreFedInTurn) {
  PutMany("a", 100);
  for (int i = 0; i < 50; ++i) {
    hub_->Create(stream_, Request("a", absl::StrCat("b", i), 2));
  }
  auto small = std::make_shared<FakeCall>();
  hub_->Create(Open(small), Request("a", "c", 2));
  int passes = 0;
  while (TakeRevisions(*small).empty()) {
    ASSERT_TRUE(hub_->RunOnce());
    ASSERT_LT(++passes, 3);
  }
  EXPECT_GT(hub_->counters().slow_watchers, 40);
}

TEST_F(WatchFlowTest, AViewAheadOfThePublicationTellsNothingEarly) {
  Commit({FakeStore::Put("a", "1")});  // 2
  const storage::EventBatch third = Apply({FakeStore::Put("a", "2")});
  hub_->Create(stream_, Request("a", "", 2));
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @2 created", "#0 @2 put a=1@2"));
  Publish({third});
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @3 put a=2@3"));
}

TEST_F(WatchFlowTest, AViewBehindThePublicationIsWaitedFor) {
  // Published before the store can show it; the watcher must neither spin nor skip.
  FakeStore empty;
  hub_ = std::make_unique<WatchHub>(WatchOptions{},
                                    WatchSurroundings{.view = [&] { return empty.View(); },
                                                      .raft_term = [] { return kTerm; },
                                                      .now = [this] { return now_; },
                                                      .random = [] { return 0.5; },
                                                      .wake = [] {}});
  stream_ = Open(call_);
  Publish({Apply({FakeStore::Put("a", "1")})});
  hub_->Create(stream_, Request("a", "", 2));
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @2 created"));
  EXPECT_LT(hub_->IdleTime(), absl::Seconds(1));
  empty.Apply({FakeStore::Put("a", "1")});
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @2 put a=1@2"));
}

TEST_F(WatchFlowTest, ASnapshotKeepsTheCursors) {
  hub_->Create(stream_, Request("a"));
  hub_->Create(stream_, Request("a", "", 9));
  Commit({FakeStore::Put("a", "1")});  // 2
  for (int i = 0; i < 3; ++i) Apply({FakeStore::Put("a", "unseen")});
  hub_->Reset(5);
  Commit({FakeStore::Put("a", "2")});  // 6
  EXPECT_THAT(TakeLines(*call_),
              ElementsAre("#0 @1 created", "#1 @1 created", "#0 @2 put a=1@2",
                          "#0 @6 put a=unseen@3 put a=unseen@4 put a=unseen@5 put a=2@6"));
  PutMany("a", 3);
  EXPECT_THAT(TakeLines(*call_), Contains("#1 @9 put a=v@9"));
}

TEST_F(WatchFlowTest, ASnapshotBehindACompactionCancelsWithItsRevision) {
  hub_->Create(stream_, Request("a"));
  Run();
  for (int i = 0; i < 5; ++i) Apply({FakeStore::Put("a", "unseen")});
  store_.Compact(4);
  hub_->Reset(6);
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @1 created", "#0 @0 canceled compacted=4"));
}

TEST_F(WatchFlowTest, FutureRevisionsStaySilentUntilReached) {
  hub_->Create(stream_, Request("a", "", 5));
  PutMany("a", 3);  // 2..4
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @1 created"));
  PutMany("a", 2);
  EXPECT_EQ(TakeRevisions(*call_), Sequence(5, 6));
}

TEST_F(WatchFlowTest, FiltersDropEventsLiveAndFromHistory) {
  for (const std::int64_t start : {0, 2}) {
    Create no_put = Request("a", "", start);
    no_put.add_filters(Create::NOPUT);
    Create no_delete = Request("a", "", start);
    no_delete.add_filters(Create::NODELETE);
    Create nothing = no_put;
    nothing.add_filters(Create::NODELETE);
    for (const Create& request : {no_put, no_delete, nothing}) hub_->Create(stream_, request);
    if (start == 0) {
      Commit({FakeStore::Put("a", "1")});
      Commit({FakeStore::Delete("a")});
    }
    Run();
  }
  EXPECT_THAT(TakeLines(*call_),
              ElementsAre("#0 @1 created", "#1 @1 created", "#2 @1 created", "#1 @2 put a=1@2",
                          "#0 @3 del a@3", "#3 @3 created", "#4 @3 created", "#5 @3 created",
                          "#3 @3 del a@3", "#4 @3 put a=1@2"));
}

TEST_F(WatchFlowTest, PreviousValuesGoOnlyToThoseWhoAsked) {
  Create with_prev = Request("a");
  with_prev.set_prev_kv(true);
  hub_->Create(stream_, with_prev);
  hub_->Create(stream_, Request("a"));
  Commit({FakeStore::Put("a", "1")});
  Commit({FakeStore::Put("a", "2")});
  Commit({FakeStore::Delete("a")});
  EXPECT_THAT(TakeLines(*call_),
              ElementsAre("#0 @1 created", "#1 @1 created", "#0 @2 put a=1@2", "#1 @2 put a=1@2",
                          "#0 @3 put a=2@3(was 1)", "#1 @3 put a=2@3", "#0 @4 del a@4(was 2)",
                          "#1 @4 del a@4"));
  with_prev.set_start_revision(3);
  hub_->Create(stream_, with_prev);
  Run();
  EXPECT_THAT(TakeLines(*call_),
              ElementsAre("#2 @4 created", "#2 @4 put a=2@3(was 1) del a@4(was 2)"));
}

TEST_F(WatchFlowTest, WakesOnceForWhateverWaits) {
  const int before = wakes_;
  hub_->Create(stream_, Request("a"));
  hub_->Create(stream_, Request("a"));
  const int while_waiting = wakes_;
  Run();
  hub_->Create(stream_, Request("a"));
  EXPECT_EQ(while_waiting, before);  // opening the stream had woken it
  EXPECT_EQ(wakes_, before + 1);
}

}  // namespace
}  // namespace stele::server
