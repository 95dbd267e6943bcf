#include "src/server/proposals.h"

#include <gtest/gtest.h>

#include <vector>

#include "src/server/api/errors.h"
#include "tests/server/fake_clock.h"

namespace stele::server {
namespace {

class ProposalsTest : public ::testing::Test {
 protected:
  ProposalsTest() : proposals_({absl::Seconds(7), 1000, 2}, &clock_, 41) {
    proposals_.set_submit(
        [this](std::uint64_t id, const raft::Payload&) { submitted_.push_back(id); });
  }

  void Propose(const std::string& value = "v") {
    stelepb::Command command;
    command.mutable_put()->set_key("k");
    command.mutable_put()->set_value(value);
    proposals_.Propose(&command, [this](const storage::CommandResult& result) {
      outcomes_.push_back(result.status);
    });
  }

  static storage::CommandResult ResultOf(std::uint64_t id) {
    storage::CommandResult result;
    result.request_id = id;
    return result;
  }

  FakeClock clock_;
  std::vector<std::uint64_t> submitted_;
  std::vector<absl::Status> outcomes_;
  Proposals proposals_;
};

TEST_F(ProposalsTest, ResolvesTheOneWhoWaitsAndNobodyElse) {
  Propose();
  std::vector<storage::CommandResult> results;
  results.push_back(ResultOf(submitted_[0] + 100));
  results.push_back(ResultOf(submitted_[0]));
  results.push_back(ResultOf(submitted_[0]));
  proposals_.Resolve(std::move(results));
  EXPECT_EQ(outcomes_, std::vector<absl::Status>{absl::OkStatus()});
  EXPECT_EQ(proposals_.waiting(), 0u);
}

TEST_F(ProposalsTest, TimesOutWithAnUnknownOutcome) {
  Propose();
  clock_.Advance(absl::Seconds(7) - absl::Milliseconds(1));
  proposals_.ExpireOverdue();
  EXPECT_TRUE(outcomes_.empty());
  clock_.Advance(absl::Milliseconds(1));
  proposals_.ExpireOverdue();
  EXPECT_EQ(outcomes_, std::vector<absl::Status>{TimeoutError()});
}

TEST_F(ProposalsTest, ATimeoutAfterALostLeaderSaysSo) {
  Propose();
  clock_.Advance(absl::Seconds(1));
  proposals_.OnLeaderLost();
  clock_.Advance(absl::Seconds(6));
  proposals_.ExpireOverdue();
  EXPECT_EQ(outcomes_, std::vector<absl::Status>{TimeoutDueToLeaderFailError()});
}

TEST_F(ProposalsTest, BoundsWhatWaits) {
  Propose();
  Propose();
  Propose();
  EXPECT_EQ(outcomes_, std::vector<absl::Status>{TooManyRequestsError()});
  EXPECT_EQ(submitted_.size(), 2u);
}

TEST_F(ProposalsTest, RefusesALargeCommandBeforeAnybodySeesIt) {
  Propose(std::string(2000, 'x'));
  EXPECT_EQ(outcomes_, std::vector<absl::Status>{RequestTooLargeError()});
  EXPECT_TRUE(submitted_.empty());
}

TEST_F(ProposalsTest, ShutdownLeavesNobodyWaiting) {
  Propose();
  proposals_.Shutdown();
  Propose();
  EXPECT_EQ(outcomes_, (std::vector<absl::Status>{StoppedError(), StoppedError()}));
}

}  // namespace
}  // namespace stele::server
