#include "bench/load/key_sequence.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace stele::load {
namespace {

TEST(KeySequenceTest, SequentialWrapsAround) {
  KeySequence keys({.key_space = 3});
  EXPECT_EQ(keys.Next(), 0U);
  EXPECT_EQ(keys.Next(), 1U);
  EXPECT_EQ(keys.Next(), 2U);
  EXPECT_EQ(keys.Next(), 0U);
}

TEST(KeySequenceTest, ThreadsTogetherVisitEveryKeyOnce) {
  std::multiset<std::uint64_t> seen;
  for (const std::uint64_t thread : {0U, 1U, 2U}) {
    KeySequence keys({.key_space = 9, .first = thread, .step = 3});
    for (int i = 0; i < 3; ++i) seen.insert(keys.Next());
  }
  EXPECT_EQ(seen, (std::multiset<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(KeySequenceTest, RandomStaysInTheSpaceAndReachesAllOfIt) {
  KeySequence keys({.order = KeyOrder::kRandom, .key_space = 10, .seed = 3});
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(keys.Next());
  EXPECT_EQ(seen.size(), 10U);
  EXPECT_EQ(*seen.rbegin(), 9U);
}

TEST(KeySequenceTest, OneIsAlwaysTheSame) {
  KeySequence keys({.order = KeyOrder::kOne, .key_space = 10});
  EXPECT_EQ(keys.Next(), keys.Next());
}

TEST(KeySequenceTest, WritesDecimalDigitsWithLeadingZeros) {
  std::string out(8, '?');
  KeySequence::Write(99'999, out);
  EXPECT_EQ(out, "00099999");
}

TEST(KeySequenceTest, RefusesASpaceThatDoesNotFit) {
  EXPECT_TRUE(KeySequence::Validate({.key_space = 1000, .key_size = 3}).ok());
  EXPECT_FALSE(KeySequence::Validate({.key_space = 1001, .key_size = 3}).ok());
  EXPECT_FALSE(KeySequence::Validate({.key_space = 0}).ok());
}

}  // namespace
}  // namespace stele::load
