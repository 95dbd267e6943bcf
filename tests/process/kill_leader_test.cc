#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "tests/process/experiment.h"
#include "tests/process/load_keys.h"

namespace stele::process {
namespace {

// kill -9 of the leader under load, again and again. No acknowledged write is lost, no watch event
// is lost or repeated, and writes resume within a few elections' time.
TEST(KillLeaderTest, LosesNothingAndResumesSoon) {
  Experiment experiment;
  Cluster& cluster = experiment.cluster();
  std::vector<std::int64_t> kills_ns;
  for (int round = 0; round < Scaled(20) && !HasFailure(); ++round) {
    const int leader = cluster.Leader();
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(200, absl::Seconds(30)));
    kills_ns.push_back(MonotonicNs());
    cluster.Kill(leader);
    experiment.ExpectWritesResume(leader);
    cluster.Restart(leader);
    cluster.WaitUntilServing(leader);
  }
  experiment.Finish();

  std::vector<absl::Duration> gaps;
  for (const std::int64_t kill_ns : kills_ns) gaps.push_back(experiment.GapAfter(kill_ns));
  std::ranges::sort(gaps);
  std::cout << "kills of the leader " << gaps.size()
            << ", time to the next acknowledged write: median " << gaps[gaps.size() / 2] << ", max "
            << gaps.back() << "\n";
  // Randomised in [T, 2T), perhaps after a split vote, on a machine that has other things to do.
  EXPECT_LT(gaps.back(), absl::Seconds(10));
}

}  // namespace
}  // namespace stele::process
