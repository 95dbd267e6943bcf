#include "tests/process/random_faults.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr double kPauseMs = 900;  // mean time without harm
constexpr std::int64_t kDownMs = 1500;
constexpr std::int64_t kStoppedMs = 2500;

}  // namespace

void RandomFaults::Run(absl::Duration duration) {
  const absl::Time end = absl::Now() + duration;
  while (absl::Now() < end && !::testing::Test::HasFailure()) {
    absl::SleepFor(absl::Milliseconds(random_.Exponential(kPauseMs)));
    StrikeOnce();
    // Sometimes the next one comes before they have recovered.
    if (random_.Chance(0.7)) cluster_->WaitUntilAllServe();
  }
  cluster_->WaitUntilAllServe();
}

int RandomFaults::AnyMember() {
  return static_cast<int>(random_.Below(static_cast<std::uint64_t>(cluster_->size())));
}

void RandomFaults::RestAtMost(std::int64_t milliseconds) {
  absl::SleepFor(absl::Milliseconds(random_.Between(0, milliseconds)));
}

void RandomFaults::End(int member, int signal) {
  scene_->Ending(member);
  cluster_->process(member).Signal(signal);
  EXPECT_TRUE(cluster_->process(member).WaitForExit(kPatience).has_value());
  scene_->Ended(member);
}

void RandomFaults::StrikeOnce() {
  const int first = AnyMember();
  const int second = (first + 1) % cluster_->size();
  switch (random_.Below(10)) {
    case 0:
    case 1:
    case 2:
      ++strikes_["killed"];
      End(first, SIGKILL);
      RestAtMost(kDownMs);
      return cluster_->Restart(first);
    case 3:
    case 4:
    case 5:
      ++strikes_["paused"];
      cluster_->Pause(first);
      RestAtMost(kStoppedMs);
      return cluster_->Resume(first);
    case 6:
      // The one that runs again must not act on what it believed before.
      ++strikes_["paused while another was killed"];
      cluster_->Pause(first);
      End(second, SIGKILL);
      RestAtMost(kDownMs);
      cluster_->Restart(second);
      RestAtMost(kDownMs);
      return cluster_->Resume(first);
    case 7:
      ++strikes_["killed while paused"];
      cluster_->Pause(first);
      RestAtMost(kStoppedMs);
      End(first, SIGKILL);
      return cluster_->Restart(first);
    case 8:
      ++strikes_["all killed"];
      for (int i = 0; i < cluster_->size(); ++i) scene_->Ending(i);
      cluster_->KillAll();
      for (int i = 0; i < cluster_->size(); ++i) scene_->Ended(i);
      for (int i = 0; i < cluster_->size(); ++i) cluster_->Restart(i);
      return;
    default:
      ++strikes_["terminated"];
      End(first, SIGTERM);
      return cluster_->Restart(first);
  }
}

int RandomFaults::count() const {
  int count = 0;
  for (const auto& [name, times] : strikes_) count += times;
  return count;
}

std::string RandomFaults::Describe() const {
  return absl::StrJoin(strikes_, ", ", [](std::string* out, const auto& strike) {
    absl::StrAppend(out, strike.first, " ", strike.second);
  });
}

}  // namespace stele::process
