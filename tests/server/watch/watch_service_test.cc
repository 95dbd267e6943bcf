#include "src/server/watch/watch_service.h"

#include <gmock/gmock.h>

#include "tests/server/watch/hub_fixture.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WatchServiceTest : public HubFixture {
 protected:
  void Start(std::map<std::string, std::string> metadata = {}) {
    call_ = std::make_shared<FakeCall>(std::move(metadata));
    handler_ = service_.WatchMethod().on_stream(call_);
  }
  void Send(const etcdserverpb::WatchRequest& request) {
    handler_->OnMessage(request.SerializeAsString());
    Run();
  }

  WatchService service_{hub_.get()};
  std::shared_ptr<FakeCall> call_;
  std::unique_ptr<CallHandler> handler_;
};

TEST_F(WatchServiceTest, IsARowOfTheMethodTable) {
  EXPECT_EQ(service_.WatchMethod().path, "/etcdserverpb.Watch/Watch");
  EXPECT_EQ(service_.WatchMethod().kind, MethodKind::kBidiStream);
}

TEST_F(WatchServiceTest, CarriesAllThreeRequests) {
  Start();
  etcdserverpb::WatchRequest create;
  create.mutable_create_request()->set_key("a");
  Send(create);
  etcdserverpb::WatchRequest progress;
  progress.mutable_progress_request();
  Send(progress);
  etcdserverpb::WatchRequest cancel;
  cancel.mutable_cancel_request()->set_watch_id(0);
  Send(cancel);
  EXPECT_THAT(TakeLines(*call_), ElementsAre("#0 @1 created", "#-1 @1 progress", "#0 @1 canceled"));
}

TEST_F(WatchServiceTest, IgnoresARequestWithNothingInIt) {
  Start();
  Send({});
  EXPECT_THAT(TakeLines(*call_), IsEmpty());
  EXPECT_FALSE(call_->ended());
}

TEST_F(WatchServiceTest, EndsAStreamThatSendsGarbage) {
  Start();
  handler_->OnMessage("\xff\xff\xff");
  Run();
  ASSERT_TRUE(call_->ended());
  EXPECT_EQ(call_->finished()->code(), absl::StatusCode::kInternal);
  EXPECT_EQ(hub_->counters().streams, 0);
}

TEST_F(WatchServiceTest, HalfCloseFinishesTheCall) {
  Start();
  handler_->OnHalfClose();
  Run();
  EXPECT_EQ(call_->finished(), absl::OkStatus());
}

TEST_F(WatchServiceTest, CancellationAndDestructionLeaveNothingBehind) {
  Start();
  etcdserverpb::WatchRequest create;
  create.mutable_create_request()->set_key("a");
  Send(create);
  handler_->OnCancel();
  Run();
  EXPECT_EQ(hub_->counters().watchers, 0);

  Start();
  Send(create);
  EXPECT_EQ(hub_->counters().watchers, 1);
  handler_.reset();
  Run();
  EXPECT_EQ(hub_->counters().watchers, 0);
  EXPECT_EQ(hub_->counters().streams, 0);
}

TEST_F(WatchServiceTest, UnderstandsTheLeaderRequirement) {
  Start({{"hasleader", "true"}});
  auto strict = call_;
  auto strict_handler = std::move(handler_);
  Start();
  hub_->SetLeaderKnown(false);
  Run();
  EXPECT_EQ(strict->finished(), absl::UnavailableError("etcdserver: no leader"));
  EXPECT_FALSE(call_->ended());
}

TEST_F(WatchServiceTest, RefusesWhomItMayNotServe) {
  WatchService refusing(hub_.get(), [] {
    return absl::FailedPreconditionError("etcdserver: rpc not supported for learner");
  });
  auto call = std::make_shared<FakeCall>();
  auto handler = refusing.WatchMethod().on_stream(call);
  handler->OnMessage("");
  Run();
  EXPECT_EQ(call->finished(),
            absl::FailedPreconditionError("etcdserver: rpc not supported for learner"));
  EXPECT_EQ(hub_->counters().streams, 0);
}

}  // namespace
}  // namespace stele::server
