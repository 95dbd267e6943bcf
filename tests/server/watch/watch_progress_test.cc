// "You have everything up to R": on request, and at intervals.
#include <gmock/gmock.h>

#include "tests/server/watch/hub_fixture.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WatchProgressTest : public HubFixture {
 protected:
  WatchProgressTest() {
    stream_ = Open(call_);
    Commit({FakeStore::Put("a", "1")});  // revision 2
  }

  void Ask() {
    hub_->RequestProgress(stream_);
    Run();
  }
  void Pass(absl::Duration duration) {
    now_ += duration;
    Run();
  }
  static Create WithNotify(Create request) {
    request.set_progress_notify(true);
    return request;
  }

  // Ten minutes and half of the random tenth that the fixture draws.
  const absl::Duration interval_ = absl::Minutes(10.5);
  std::shared_ptr<FakeCall> call_ = std::make_shared<FakeCall>();
  WatchStreamId stream_ = 0;
};

TEST_F(WatchProgressTest, IsToldForTheWholeStreamWhenAllWatchesAreSynced) {
  hub_->Create(stream_, Request("a"));
  hub_->Create(stream_, Request("b"));
  Run();
  call_->Take();
  Ask();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#-1 @2 progress"));
}

TEST_F(WatchProgressTest, FollowsTheEventsThatItCovers) {
  hub_->Create(stream_, Request("a"));
  Publish({Apply({FakeStore::Put("a", "2")})});
  hub_->RequestProgress(stream_);
  Publish({Apply({FakeStore::Put("a", "3")})});
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @2 created", "#0 @3 put a=2@3", "#-1 @3 progress",
                                             "#0 @4 put a=3@4"));
}

TEST_F(WatchProgressTest, IsSilentOnAStreamWithoutWatches) {
  Ask();
  EXPECT_THAT(TakeLines(*call_), IsEmpty());
}

TEST_F(WatchProgressTest, IsSilentWhileAWatchIsBehind) {
  hub_->Create(stream_, Request("a"));
  hub_->Create(stream_, Request("a", "", 2));
  hub_->RequestProgress(stream_);  // handled before the second has read its history
  Run();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @2 created", "#1 @2 created", "#1 @2 put a=1@2"));
  Ask();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#-1 @2 progress"));
}

TEST_F(WatchProgressTest, IsSilentUntilAFutureStartIsReached) {
  hub_->Create(stream_, Request("a"));
  hub_->Create(stream_, WithNotify(Request("a", "", 4)));
  Run();
  call_->Take();
  Ask();
  Pass(interval_);
  EXPECT_THAT(TakeLines(*call_), IsEmpty());
  Commit({FakeStore::Put("b", "1")});  // 3
  Ask();
  EXPECT_THAT(TakeLines(*call_), IsEmpty());
  Commit({FakeStore::Put("b", "2")});  // 4
  Ask();
  Pass(interval_);
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#-1 @4 progress", "#1 @4 progress"));
}

TEST_F(WatchProgressTest, IsToldAtEveryIntervalToAnIdleWatch) {
  hub_->Create(stream_, WithNotify(Request("a")));
  hub_->Create(stream_, Request("a"));  // did not ask for it
  Run();
  call_->Take();
  EXPECT_EQ(hub_->IdleTime(), interval_);
  Pass(interval_ - absl::Seconds(1));
  EXPECT_THAT(TakeLines(*call_), IsEmpty());
  Pass(absl::Seconds(1));
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @2 progress"));
  Commit({FakeStore::Put("b", "1")});
  Pass(interval_);
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @3 progress"));
}

TEST_F(WatchProgressTest, WaitsOneMoreIntervalAfterAnEvent) {
  hub_->Create(stream_, WithNotify(Request("a")));
  Commit({FakeStore::Put("a", "2")});
  call_->Take();
  Pass(interval_);
  EXPECT_THAT(TakeLines(*call_), IsEmpty());
  Pass(interval_);
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @3 progress"));
}

TEST_F(WatchProgressTest, NeedsNoTimerWithoutAWatchThatWantsIt) {
  hub_->Create(stream_, WithNotify(Request("a")));
  hub_->Cancel(stream_, 0);
  Run();
  Pass(interval_);
  EXPECT_EQ(hub_->IdleTime(), absl::InfiniteDuration());

  hub_->Create(stream_, WithNotify(Request("a")));
  Run();
  EXPECT_NE(hub_->IdleTime(), absl::InfiniteDuration());
  hub_->CloseStream(stream_, absl::OkStatus());
  Run();
  EXPECT_EQ(hub_->IdleTime(), absl::InfiniteDuration());
}

TEST_F(WatchProgressTest, IsNotQueuedForAStreamThatDoesNotRead) {
  WatchOptions options;
  options.stream_bytes_max = 1000;
  MakeHub(options);
  stream_ = Open(call_);
  hub_->Create(stream_, WithNotify(Request("b")));
  hub_->Create(stream_, Request("a"));
  Run();
  call_->SetReading(false);
  PutMany("a", 1, 2000);
  call_->Take();
  for (int i = 0; i < 100; ++i) Ask();
  Pass(interval_);
  EXPECT_THAT(TakeLines(*call_), IsEmpty());
  call_->SetReading(true);
  Run();
  Ask();
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#-1 @3 progress"));
}

}  // namespace
}  // namespace stele::server
