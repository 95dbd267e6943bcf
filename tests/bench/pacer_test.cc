#include "bench/load/pacer.h"

#include <gtest/gtest.h>

namespace stele::load {
namespace {

TEST(PacerTest, ClosedLoopStartsWheneverAskedUntilTheTotal) {
  Pacer pacer({.total = 2, .start_ns = 100});
  EXPECT_EQ(pacer.NextStart(150), 150);
  EXPECT_EQ(pacer.TakeStart(150), 150);
  EXPECT_EQ(pacer.TakeStart(150), 150);
  EXPECT_TRUE(pacer.Exhausted(150));
  EXPECT_EQ(pacer.TakeStart(160), std::nullopt);
}

TEST(PacerTest, ClosedLoopStartsNothingAtOrAfterTheEnd) {
  Pacer pacer({.start_ns = 0, .end_ns = 1000});
  EXPECT_EQ(pacer.TakeStart(999), 999);
  EXPECT_EQ(pacer.TakeStart(1000), std::nullopt);
  EXPECT_TRUE(pacer.Exhausted(1000));
}

TEST(PacerTest, OpenLoopStartsAtFixedInstants) {
  Pacer pacer({.start_ns = 1000, .interval_ns = 10});
  EXPECT_EQ(pacer.TakeStart(999), std::nullopt);
  EXPECT_EQ(pacer.NextStart(999), 1000);
  EXPECT_EQ(pacer.TakeStart(1000), 1000);
  EXPECT_EQ(pacer.TakeStart(1005), std::nullopt);
  EXPECT_EQ(pacer.NextStart(1005), 1010);
  EXPECT_EQ(pacer.TakeStart(1012), 1010);
}

// What makes a stall visible: those who had to wait count from when they should have started.
TEST(PacerTest, OpenLoopReportsIntendedInstantsAfterAStall) {
  Pacer pacer({.start_ns = 0, .end_ns = 40, .interval_ns = 10});
  EXPECT_EQ(pacer.Overdue(35), 3U);
  EXPECT_EQ(pacer.TakeStart(35), 0);
  EXPECT_EQ(pacer.TakeStart(35), 10);
  EXPECT_EQ(pacer.Overdue(35), 1U);
  // Still due after the end of the run, because their instants were before it.
  EXPECT_EQ(pacer.TakeStart(100), 20);
  EXPECT_EQ(pacer.Overdue(100), 1U);
  EXPECT_EQ(pacer.TakeStart(100), 30);
  EXPECT_EQ(pacer.TakeStart(100), std::nullopt);
  EXPECT_TRUE(pacer.Exhausted(100));
  EXPECT_EQ(pacer.Overdue(100), 0U);
}

TEST(PacerTest, RoundingOfTheIntervalDoesNotAddUp) {
  Pacer pacer({.total = 3'000'001, .start_ns = 0, .interval_ns = 1e9 / 3e6});
  std::int64_t last = 0;
  for (int i = 0; i <= 3'000'000; ++i) last = *pacer.TakeStart(2'000'000'000);
  EXPECT_NEAR(static_cast<double>(last), 1e9, 1);
}

TEST(PacerTest, StopEndsIt) {
  Pacer pacer({.start_ns = 0});
  EXPECT_EQ(pacer.TakeStart(1), 1);
  pacer.Stop();
  EXPECT_EQ(pacer.TakeStart(2), std::nullopt);
  EXPECT_TRUE(pacer.Exhausted(2));
}

}  // namespace
}  // namespace stele::load
