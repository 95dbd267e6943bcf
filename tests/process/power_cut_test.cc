// Power cuts of real disks (loop_disk.h) under load: of one member of three, of all three, of a
// member that is alone. After every cut the disk is mounted anew and the member starts from what it
// finds. In every second cut the process is left to notice by itself that its disk is gone: it must
// end within a second, and what it acknowledged until then must be there like everything else.
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <iostream>

#include "tests/process/experiment.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr std::uint64_t kDiskBytes = std::uint64_t{256} << 20U;
// Between two cuts; enough for all writers to be in the middle of something.
constexpr std::int64_t kWritesBetween = 25;

// Only a server that takes a failed sync for the end does so within a second.
constexpr absl::Duration kTimeToNotice = absl::Seconds(1);

class PowerCutTest : public ::testing::Test {
 protected:
  void SetUp() override { STELE_REQUIRE_LOOP_DISKS(); }

  // Cuts the power of `members` at the same time and brings them back.
  void CutAndRestart(Cluster& cluster, const std::vector<int>& members) {
    const bool left_alone = cuts_ % 2 == 1;
    ++cuts_;
    for (const int member : members) {
      cluster.disk(member).CutPower();
      if (!left_alone) cluster.process(member).Signal(SIGKILL);
    }
    const absl::Time cut_at = absl::Now();
    for (const int member : members) {
      // Without the others a member may have nothing to write, and then nothing to notice.
      const bool must_notice = left_alone && members.size() == 1;
      const auto code =
          cluster.process(member).WaitForExit(must_notice ? kPatience : kTimeToNotice);
      if (!must_notice) {
        if (!code) cluster.Kill(member);
        continue;
      }
      EXPECT_EQ(code, 1) << "a member whose disk is gone ends with 1";
      const absl::Duration noticed = absl::Now() - cut_at;
      EXPECT_LE(noticed, kTimeToNotice);
      slowest_to_notice_ = std::max(slowest_to_notice_, noticed);
      ++noticed_;
    }
    for (const int member : members) cluster.Remount(member);
    for (const int member : members) cluster.Restart(member);
    for (const int member : members) cluster.WaitUntilServing(member);
  }

  void Report(const char* what, const RunFigures& figures) const {
    std::cout << what << ": " << cuts_ << " power cuts, " << figures.acknowledged
              << " acknowledged writes, " << (HasFailure() ? "VIOLATIONS" : "0 lost") << "; "
              << noticed_ << " members noticed by themselves, the slowest after "
              << slowest_to_notice_ << "\n";
  }

  int cuts_ = 0;
  int noticed_ = 0;
  absl::Duration slowest_to_notice_;
};

TEST_F(PowerCutTest, AMemberThatIsAlone) {
  Experiment experiment({.members = 1, .disk_bytes = kDiskBytes});
  for (int round = 0; round < Scaled(30) && !HasFailure(); ++round) {
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(kWritesBetween, kPatience));
    CutAndRestart(experiment.cluster(), {0});
  }
  experiment.ExpectWritesResume(-1);
  Report("alone", experiment.Finish());
}

TEST_F(PowerCutTest, OneOfThreeMembers) {
  Experiment experiment({.disk_bytes = kDiskBytes});
  Cluster& cluster = experiment.cluster();
  for (int round = 0; round < Scaled(20) && !HasFailure(); ++round) {
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(kWritesBetween, kPatience));
    const int leader = cluster.Leader();
    // The leader in a third of the cuts; both ways of ending meet both kinds of member.
    CutAndRestart(cluster, {(leader + round % 3) % cluster.size()});
  }
  experiment.ExpectWritesResume(-1);
  Report("one of three", experiment.Finish());
}

TEST_F(PowerCutTest, AllThreeMembersAtOnce) {
  Experiment experiment({.disk_bytes = kDiskBytes});
  Cluster& cluster = experiment.cluster();
  for (int round = 0; round < Scaled(12) && !HasFailure(); ++round) {
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(kWritesBetween, kPatience));
    CutAndRestart(cluster, {0, 1, 2});
    experiment.ExpectWritesResume(-1);
  }
  Report("all three", experiment.Finish());
}

}  // namespace
}  // namespace stele::process
