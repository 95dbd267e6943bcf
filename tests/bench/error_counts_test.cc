#include "bench/load/error_counts.h"

#include <gtest/gtest.h>

namespace stele::load {
namespace {

TEST(ErrorCountsTest, CountsByKindAndInTotal) {
  ErrorCounts counts;
  counts.Count("timeout");
  counts.Count("timeout");
  counts.Count("lost", 3);
  EXPECT_EQ(counts.total(), 5U);
  EXPECT_EQ(counts.by_kind().at("timeout"), 2U);
  EXPECT_EQ(counts.by_kind().at("lost"), 3U);
}

TEST(ErrorCountsTest, TooManyKindsAreCountedTogether) {
  ErrorCounts counts;
  for (std::size_t i = 0; i < ErrorCounts::kKindsMax + 10; ++i) {
    counts.Count("kind " + std::to_string(i));
  }
  EXPECT_EQ(counts.total(), ErrorCounts::kKindsMax + 10);
  EXPECT_EQ(counts.by_kind().size(), ErrorCounts::kKindsMax + 1);
  EXPECT_EQ(counts.by_kind().find(ErrorCounts::kOther)->second, 10U);
}

TEST(ErrorCountsTest, Adds) {
  ErrorCounts left;
  ErrorCounts right;
  left.Count("a");
  right.Count("a", 2);
  right.Count("b");
  left.Add(right);
  EXPECT_EQ(left.total(), 4U);
  EXPECT_EQ(left.by_kind().at("a"), 3U);
}

}  // namespace
}  // namespace stele::load
