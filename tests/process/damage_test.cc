// Members that come back with damaged files: every answer stays right, and they repair themselves.
#include "tests/process/damage.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <random>

#include "tests/process/experiment.h"

namespace stele::process {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kPatience = absl::Seconds(30);

class Campaigner {
 public:
  // One case: a follower stops, is damaged and starts again, and must serve within 30 s.
  void Run(const Damage& damage) {
    SCOPED_TRACE(Describe(damage));
    const int member = (cluster_.Leader() + 1 + cases_ % 2) % cluster_.size();
    const bool clean_stop = cases_ % 3 == 0;
    const fs::path old_copy = cluster_.directory() / "old_copy";
    if (damage.kind == DamageKind::kOldCopy) {
      Stop(member, true);
      fs::copy(cluster_.data_dir(member), old_copy, fs::copy_options::recursive);
      cluster_.Restart(member);
      cluster_.WaitUntilServing(member);
    }
    EXPECT_TRUE(experiment_.writes().AwaitAcknowledged(300, kPatience));
    Stop(member, clean_stop);
    const bool inflicted = Inflict(damage, cluster_.data_dir(member), old_copy, &random_);
    EXPECT_TRUE(inflicted) << "there is nothing to damage";
    EXPECT_TRUE(experiment_.writes().AwaitAcknowledged(100, kPatience));
    const absl::Time started = absl::Now();
    cluster_.Restart(member);
    cluster_.WaitUntilServing(member);
    const absl::Duration took = absl::Now() - started;
    EXPECT_LE(took, kPatience);
    slowest_ = std::max(slowest_, took);
    const bool repaired = absl::StrContains(cluster_.process(member).Output(), "quarantine");
    ++cases_;
    (repaired ? repaired_ : harmless_) += 1;
    std::cout << (clean_stop ? "stopped, " : "killed, ") << Describe(damage) << ": "
              << (repaired ? "repaired" : "harmless") << ", serves after "
              << absl::ToInt64Milliseconds(took) << " ms\n";
    fs::remove_all(old_copy);
  }

  void Finish() {
    experiment_.Finish();
    std::cout << "damaged members " << cases_ << ": repaired " << repaired_ << ", harmless "
              << harmless_ << "; slowest " << absl::FormatDuration(slowest_) << "\n";
  }

 private:
  void Stop(int member, bool clean) {
    if (!clean) return cluster_.Kill(member);
    cluster_.process(member).Signal(SIGTERM);
    EXPECT_TRUE(cluster_.process(member).WaitForExit(kPatience).has_value());
  }

  Experiment experiment_{{.flags = {"--snapshot-count", "100"}}};
  Cluster& cluster_ = experiment_.cluster();
  std::mt19937_64 random_{20261122};
  int cases_ = 0;
  int repaired_ = 0;
  int harmless_ = 0;
  absl::Duration slowest_;
};

TEST(DamageTest, AnyDamagedFileIsHarmlessOrRepaired) {
  Campaigner campaigner;
  for (const Damage& damage : Campaign()) {
    campaigner.Run(damage);
    if (testing::Test::HasFailure()) break;
  }
  campaigner.Finish();
}

}  // namespace
}  // namespace stele::process
