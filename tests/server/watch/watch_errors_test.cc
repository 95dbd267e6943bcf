// What a creation or cancellation answers when it cannot be what the client hoped for.
#include <gmock/gmock.h>

#include "tests/server/watch/hub_fixture.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;

class WatchErrorsTest : public HubFixture {
 protected:
  WatchErrorsTest() {
    stream_ = Open(call_);
    Commit({FakeStore::Put("a", "1")});  // revision 2
    Commit({FakeStore::Put("a", "2")});  // revision 3
  }

  std::shared_ptr<FakeCall> call_ = std::make_shared<FakeCall>();
  WatchStreamId stream_ = 0;
};

TEST_F(WatchErrorsTest, EmptyRangeIsRefusedAndTheStreamLivesOn) {
  hub_->Create(stream_, Request("b", "a"));
  hub_->Create(stream_, Request("b", "b"));
  hub_->Create(stream_, Request("a"));
  Run();
  EXPECT_THAT(
      TakeLines(*call_),
      ElementsAre("#-1 @3 created canceled 'mvcc: watcher range is empty'",
                  "#-1 @3 created canceled 'mvcc: watcher range is empty'", "#0 @3 created"));
  EXPECT_FALSE(call_->ended());
}

TEST_F(WatchErrorsTest, DuplicateIdIsRefusedAndTheFirstWatchLivesOn) {
  Create request = Request("a");
  request.set_watch_id(7);
  hub_->Create(stream_, request);
  hub_->Create(stream_, request);
  Commit({FakeStore::Put("a", "3")});
  EXPECT_THAT(
      TakeLines(*call_),
      ElementsAre("#7 @3 created",
                  "#-1 @3 created canceled 'mvcc: duplicate watch ID provided on the WatchStream'",
                  "#7 @4 put a=3@4"));
}

TEST_F(WatchErrorsTest, NegativeStartRevisionCountsAsCompacted) {
  hub_->Create(stream_, Request("a", "", -1));
  Run();
  EXPECT_THAT(TakeLines(*call_),
              ElementsAre("#-1 @3 created canceled "
                          "'etcdserver: mvcc: required revision has been compacted'"));
}

TEST_F(WatchErrorsTest, RefusedCreationsTakeNoId) {
  hub_->Create(stream_, Request("b", "a"));
  hub_->Create(stream_, Request("a"));
  Run();
  EXPECT_EQ(TakeLines(*call_).back(), "#0 @3 created");
}

TEST_F(WatchErrorsTest, StartBelowCompactionIsCanceledWithoutAReason) {
  store_.Compact(3);
  hub_->Create(stream_, Request("a", "", 2));
  hub_->Create(stream_, Request("a", "", 3));  // exactly at it: nothing is missing
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @3 created", "#1 @3 created",
                                             "#0 @0 canceled compacted=3", "#1 @3 put a=2@3"));
  Commit({FakeStore::Put("a", "3")});
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#1 @4 put a=3@4"));
}

TEST_F(WatchErrorsTest, IdOfACompactedWatchIsTakenUntilItIsCanceled) {
  store_.Compact(3);
  Create compacted = Request("a", "", 2);
  compacted.set_watch_id(7);
  Create again = Request("a");
  again.set_watch_id(7);
  hub_->Create(stream_, compacted);
  Run();
  hub_->Create(stream_, again);
  hub_->Cancel(stream_, 7);
  hub_->Cancel(stream_, 7);
  hub_->Create(stream_, again);
  Run();
  EXPECT_THAT(
      TakeLines(*call_),
      ElementsAre("#7 @3 created", "#7 @0 canceled compacted=3",
                  "#-1 @3 created canceled 'mvcc: duplicate watch ID provided on the WatchStream'",
                  "#7 @3 canceled", "#7 @3 created"));
}

TEST_F(WatchErrorsTest, IdsCountUpFromZeroAndSkipUsedOnes) {
  Create with_id = Request("a");
  with_id.set_watch_id(1);
  hub_->Create(stream_, with_id);
  for (int i = 0; i < 3; ++i) hub_->Create(stream_, Request("a"));
  hub_->Cancel(stream_, 0);
  hub_->Create(stream_, Request("a"));
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#1 @3 created", "#0 @3 created", "#2 @3 created",
                                             "#3 @3 created", "#0 @3 canceled", "#4 @3 created"));
}

TEST_F(WatchErrorsTest, IdsBelongToTheStream) {
  auto other = std::make_shared<FakeCall>();
  const WatchStreamId other_stream = Open(other);
  hub_->Create(stream_, Request("a"));
  hub_->Create(other_stream, Request("a"));
  hub_->Cancel(other_stream, 0);
  Commit({FakeStore::Put("a", "3")});
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @3 created", "#0 @4 put a=3@4"));
  EXPECT_THAT(TakeLines(*other), ElementsAre("#0 @3 created", "#0 @3 canceled"));
}

TEST_F(WatchErrorsTest, NothingFollowsACancellation) {
  hub_->Create(stream_, Request("a", "", 2));
  hub_->Cancel(stream_, 0);
  hub_->Cancel(stream_, 0);   // gone already
  hub_->Cancel(stream_, 42);  // never was
  Commit({FakeStore::Put("a", "3")});
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @3 created", "#0 @3 canceled"));
  EXPECT_EQ(hub_->counters().watchers, 0);
}

TEST_F(WatchErrorsTest, AStoreThatCannotBeReadCancelsTheWatchWithItsText) {
  store_.FailReads(absl::DataLossError("etcdserver: corrupt cluster"));
  hub_->Create(stream_, Request("a", "", 2));
  Run();
  EXPECT_THAT(TakeLines(*call_),
              ElementsAre("#0 @3 created", "#0 @3 canceled 'etcdserver: corrupt cluster'"));
}

TEST_F(WatchErrorsTest, AnOldValueThatCannotBeReadCancelsOnlyWhoWantsIt) {
  Create request = Request("a");
  hub_->Create(stream_, request);
  request.set_prev_kv(true);
  hub_->Create(stream_, request);
  Run();
  TakeLines(*call_);
  store_.FailReads(absl::DataLossError("etcdserver: corrupt cluster"));
  Publish({Apply({FakeStore::Put("b", "1")}), Apply({FakeStore::Put("a", "3")})});
  Run();
  EXPECT_THAT(TakeLines(*call_),
              ElementsAre("#0 @5 put a=3@5", "#1 @5 canceled 'etcdserver: corrupt cluster'"));
}

TEST_F(WatchErrorsTest, HalfCloseEndsAllWatchesOfTheStream) {
  hub_->Create(stream_, Request("a"));
  hub_->Create(stream_, Request("a", "", 2));
  hub_->CloseStream(stream_, absl::OkStatus());
  hub_->CloseStream(stream_, absl::OkStatus());
  hub_->Create(stream_, Request("a"));
  Commit({FakeStore::Put("a", "3")});
  EXPECT_EQ(call_->finished(), absl::OkStatus());
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @3 created", "#1 @3 created"));
  EXPECT_EQ(hub_->counters().watchers, 0);
  EXPECT_EQ(hub_->counters().slow_watchers, 0);
  EXPECT_EQ(hub_->counters().streams, 0);
}

TEST_F(WatchErrorsTest, StreamsThatRequireALeaderEndWithoutOne) {
  auto strict = std::make_shared<FakeCall>();
  const WatchStreamId strict_stream = Open(strict, true);
  hub_->Create(strict_stream, Request("a"));
  hub_->Create(stream_, Request("a"));
  hub_->SetLeaderKnown(false);
  auto late = std::make_shared<FakeCall>();
  Open(late, true);
  Run();
  EXPECT_EQ(strict->finished(), absl::UnavailableError("etcdserver: no leader"));
  EXPECT_EQ(late->finished(), absl::UnavailableError("etcdserver: no leader"));
  EXPECT_FALSE(call_->ended());

  hub_->SetLeaderKnown(true);
  auto later = std::make_shared<FakeCall>();
  hub_->Create(Open(later, true), Request("a"));
  Run();
  EXPECT_FALSE(later->ended());
  EXPECT_THAT(TakeLines(*later), ElementsAre("#0 @3 created"));
}

TEST_F(WatchErrorsTest, ShuttingDownEndsStreamsNowAndLater) {
  hub_->EndAllStreams(absl::UnavailableError("etcdserver: server stopped"));
  auto late = std::make_shared<FakeCall>();
  Open(late);
  Run();
  EXPECT_EQ(call_->finished(), absl::UnavailableError("etcdserver: server stopped"));
  EXPECT_EQ(late->finished(), absl::UnavailableError("etcdserver: server stopped"));
}

TEST_F(WatchErrorsTest, EmptyKeyMeansTheSmallestKey) {
  hub_->Create(stream_, Request("", std::string(1, '\0')));  // everything
  hub_->Create(stream_, Request(""));                        // the key "\0" alone
  Run();
  call_->Take();
  Commit({FakeStore::Put("zz", "1")});
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @4 put zz=1@4"));
  Commit({FakeStore::Put(std::string(1, '\0'), "1")});
  EXPECT_EQ(call_->Take().size(), 2U);
}

TEST_F(WatchErrorsTest, AClientThatAsksWithoutReadingLosesItsStream) {
  WatchOptions options;
  options.stream_bytes_max = 10000;
  options.control_bytes_max = 10000;
  MakeHub(options);
  stream_ = Open(call_);
  call_->SetReading(false);
  for (int i = 0; i < 2000; ++i) hub_->Create(stream_, Request("a"));
  Run();
  ASSERT_TRUE(call_->finished().has_value());
  EXPECT_EQ(call_->finished()->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_LT(call_->largest_queue(), 30000U);
  EXPECT_EQ(hub_->counters().watchers, 0);
}

}  // namespace
}  // namespace stele::server
