// kill -9 of a follower, of all three members at once, and of a member that is alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/process/experiment.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

TEST(KillTest, AFollower) {
  Experiment experiment;
  Cluster& cluster = experiment.cluster();
  for (int round = 0; round < Scaled(3) && !HasFailure(); ++round) {
    const int leader = cluster.Leader();
    const int follower = (leader + 1 + round % 2) % cluster.size();
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(100, kPatience));
    cluster.Kill(follower);
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(200, kPatience));
    EXPECT_EQ(cluster.Leader(), leader) << "a lost follower is no reason for an election";
    cluster.Restart(follower);
    cluster.WaitUntilServing(follower);
  }
  experiment.Finish();
}

TEST(KillTest, AllMembersAtOnce) {
  Experiment experiment;
  Cluster& cluster = experiment.cluster();
  for (int round = 0; round < Scaled(3) && !HasFailure(); ++round) {
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(200, kPatience));
    cluster.KillAll();
    for (int i = 0; i < cluster.size(); ++i) cluster.Restart(i);
    cluster.WaitUntilAllServe();
    experiment.ExpectWritesResume(-1);
  }
  experiment.Finish();
}

TEST(KillTest, AMemberThatIsAlone) {
  Experiment experiment({.members = 1});
  Cluster& cluster = experiment.cluster();
  for (int round = 0; round < Scaled(5) && !HasFailure(); ++round) {
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(200, kPatience));
    cluster.Kill(0);
    cluster.Restart(0);
    cluster.WaitUntilServing(0);
    experiment.ExpectWritesResume(-1);
  }
  experiment.Finish();
}

// Shows that the tests above would notice if acknowledged writes were lost: this member comes back
// without its data.
TEST(KillTest, AMemberThatForgetsIsNoticed) {
  Experiment experiment({.members = 1});
  Cluster& cluster = experiment.cluster();
  EXPECT_TRUE(experiment.writes().AwaitAcknowledged(100, kPatience));
  cluster.Kill(0);
  std::filesystem::remove_all(cluster.data_dir(0));
  cluster.Restart(0);
  cluster.WaitUntilServing(0);
  experiment.ExpectWritesResume(-1);
  const Violations violations = experiment.Judge();
  EXPECT_THAT(violations, ::testing::Contains(::testing::HasSubstr("real-time-order")));
  EXPECT_THAT(violations, ::testing::Contains(::testing::HasSubstr("lost")));
  EXPECT_THAT(violations, ::testing::Contains(::testing::HasSubstr("stale-read")));
}

}  // namespace
}  // namespace stele::process
