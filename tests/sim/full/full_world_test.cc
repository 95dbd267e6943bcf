// What of the full tier runs with every build: some seeds, whether a run can be repeated, the seeds
// that once found a bug of ours, and the planted bugs.

#include "tests/sim/full/full_world.h"

#include <cstdint>
#include <cstdio>
#include <ostream>
#include <string>

#include "gtest/gtest.h"
#include "tests/sim/full/full_mutants.h"
#include "tests/sim/full/mutant_hunt.h"

namespace stele::sim {

// For the names of the tests.
static void PrintTo(const FullMutant& mutant, std::ostream* out) { *out << mutant.name; }

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

class FullMutantTest : public ::testing::TestWithParam<FullMutant> {};

TEST_P(FullMutantTest, IsFoundInTime) {
  const Hunt hunt = HuntMutant(GetParam(), kMutantSecondsMax);
  ASSERT_NE(hunt.violation, "") << hunt.seeds << " seeds did not show it";
  RecordProperty("seed", std::to_string(hunt.seeds));
}

INSTANTIATE_TEST_SUITE_P(All, FullMutantTest, ::testing::ValuesIn(kFullMutants),
                         [](const ::testing::TestParamInfo<FullMutant>& mutant) {
                           std::string name(mutant.param.name);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace stele::sim
