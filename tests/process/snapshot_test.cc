// A follower that was away for longer than the log reaches back, and a watcher that waited for it.
#include <absl/strings/match.h>
#include <gtest/gtest.h>

#include "tests/process/experiment.h"

namespace stele::process {
namespace {

// etcd keeps 5000 entries behind its snapshot for slow followers; more than that must be missed.
constexpr int kMissedWrites = 6500;

TEST(SnapshotTest, AFollowerCatchesUpAndItsWatcherMissesNothing) {
  Experiment experiment({.flags = {"--snapshot-count", "100"}}, {.writers = 48});
  Cluster& cluster = experiment.cluster();
  const int follower = (cluster.Leader() + 1) % cluster.size();
  experiment.AddWatcher(
      "watcher that stays",
      {.first_member = static_cast<std::size_t>(follower), .stays = true, .with_previous = true});
  EXPECT_TRUE(experiment.writes().AwaitAcknowledged(200, absl::Seconds(30)));
  cluster.Kill(follower);
  EXPECT_TRUE(experiment.writes().AwaitAcknowledged(kMissedWrites, absl::Seconds(120)));
  cluster.Restart(follower);
  cluster.WaitUntilServing(follower);
  experiment.Finish();
  const std::string output = cluster.process(follower).Output();
  EXPECT_TRUE(absl::StrContains(output, "restore snapshot") ||  // etcd's words
              absl::StrContains(output, "installed snapshot"))  // steled's
      << "the follower did not need a snapshot, so nothing was shown";
}

}  // namespace
}  // namespace stele::process
