// What of the full tier runs with every build: some seeds, whether a run can be repeated, the seeds
// that once found a bug of ours. CMakeLists.txt names the long runs.

#include "tests/sim/full/full_world.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace stele::sim {

namespace {

FullRunOptions Options(std::uint64_t seed, Micros faulty_time) {
  FullRunOptions options;
  options.seed = seed;
  options.faulty_time = faulty_time;
  return options;
}

TEST(FullWorldTest, KeepsItsPromises) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const FullRunResult result = RunFullSeed(Options(seed, 40 * kSecond));
    ASSERT_EQ(result.violation, "") << "seed " << seed << ": " << result.swarm;
    EXPECT_GT(result.judged, 0U);
  }
}

TEST(FullWorldTest, IsAFunctionOfTheSeed) {
  for (const std::uint64_t seed : {3U, 14U, 15U, 92U}) {
    const FullRunResult first = RunFullSeed(Options(seed, 20 * kSecond));
    const FullRunResult second = RunFullSeed(Options(seed, 20 * kSecond));
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    EXPECT_EQ(first.events, second.events) << "seed " << seed;
    EXPECT_NE(first.hash, RunFullSeed(Options(seed + 1, 20 * kSecond)).hash);
  }
}

}  // namespace
}  // namespace stele::sim
