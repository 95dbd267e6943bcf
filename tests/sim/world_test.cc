// What of the simulator runs with every build: some hundred seeds, the planted bugs, the seeds that
// once found a bug of ours, and whether a run can be repeated.

#include "tests/sim/world.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <string>

#include "gtest/gtest.h"

namespace stele::sim {

// For the names of the tests.
static void PrintTo(const NamedBug& named, std::ostream* out) { *out << named.name; }

namespace {

using std::chrono::steady_clock;

class Seconds {
 public:
  double Passed() const {
    return std::chrono::duration<double>(steady_clock::now() - start_).count();
  }

 private:
  const steady_clock::time_point start_ = steady_clock::now();
};

RunOptions Options(std::uint64_t seed, Micros faulty_time) {
  RunOptions options;
  options.seed = seed;
  options.faulty_time = faulty_time;
  return options;
}

// As many seeds as fit the time, but some in any case.
TEST(WorldTest, KeepsItsPromises) {
  constexpr double kSeconds = 25;
  constexpr std::uint64_t kSeedsMin = 20;
  const Seconds seconds;
  std::uint64_t seed = 1;
  for (; seed <= kSeedsMin || seconds.Passed() < kSeconds; ++seed) {
    const RunResult result = RunSeed(Options(seed, 60 * kSecond));
    ASSERT_EQ(result.violation, "") << "seed " << seed << ": " << result.swarm;
  }
  RecordProperty("seeds", std::to_string(seed - 1));
}

TEST(WorldTest, IsAFunctionOfTheSeed) {
  for (const std::uint64_t seed : {3U, 14U, 15U, 92U, 65U, 35U, 89U, 79U}) {
    const RunResult first = RunSeed(Options(seed, 40 * kSecond));
    const RunResult second = RunSeed(Options(seed, 40 * kSecond));
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    EXPECT_EQ(first.events, second.events) << "seed " << seed;
    EXPECT_NE(first.hash, RunSeed(Options(seed + 1, 40 * kSecond)).hash);
  }
}

// A faultless world is no place for lost requests.
TEST(WorldTest, ServesEverybodyWhenNothingFails) {
  std::uint64_t seen = 0;
  for (std::uint64_t seed = 1; seen < 3 && seed < 200; ++seed) {
    const RunResult result = RunSeed(Options(seed, 20 * kSecond));
    // A leader that accepts next to nothing drops what others forward to it.
    const bool overloaded = result.swarm.find("uncommitted=4096B") != std::string::npos;
    if (overloaded || result.swarm.find("harshness=0") == std::string::npos) continue;
    ++seen;
    EXPECT_EQ(result.violation, "");
    const auto count = [&](Mark mark) { return result.counts[static_cast<std::size_t>(mark)]; };
    EXPECT_EQ(count(Mark::kWriteUnknown), 0U) << "seed " << seed;
    EXPECT_EQ(count(Mark::kReadFailed), 0U) << "seed " << seed;
    EXPECT_EQ(count(Mark::kLeader), 1U) << "seed " << seed;
    EXPECT_GT(count(Mark::kWriteAcked), 0U) << "seed " << seed;
  }
  EXPECT_EQ(seen, 3U);
}

// Seeds that found a bug once. 871: one pass took a snapshot from the leader and then a request to
// release the log up to an index before it, whose config the core had just forgotten.
TEST(WorldTest, StillPassesSeedsThatFailedOnce) {
  for (const std::uint64_t seed : {871U}) {
    const RunResult result = RunSeed(Options(seed, 60 * kSecond));
    EXPECT_EQ(result.violation, "") << "seed " << seed << ": " << result.swarm;
  }
}

class PlantedBugTest : public ::testing::TestWithParam<NamedBug> {};

TEST_P(PlantedBugTest, IsFoundInTime) {
  constexpr double kSecondsMax = 90;
  const Seconds seconds;
  std::string violation;
  std::uint64_t seed = 0;
  while (violation.empty() && seconds.Passed() < kSecondsMax) {
    RunOptions options = Options(++seed, 60 * kSecond);
    options.bug = GetParam().bug;
    violation = RunSeed(options).violation;
  }
  ASSERT_NE(violation, "") << seed << " seeds did not show it";
  RecordProperty("seed", std::to_string(seed));
  std::printf("%s: seed %llu, %.1f s: %s\n", std::string(GetParam().name).c_str(),
              static_cast<unsigned long long>(seed), seconds.Passed(), violation.c_str());
}

INSTANTIATE_TEST_SUITE_P(All, PlantedBugTest,
                         ::testing::ValuesIn(kPlantedBugs.begin() + 1, kPlantedBugs.end()),
                         [](const ::testing::TestParamInfo<NamedBug>& named) {
                           std::string name(named.param.name);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace stele::sim
