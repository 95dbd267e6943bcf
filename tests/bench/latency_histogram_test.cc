#include "bench/load/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bench/load/key_sequence.h"

namespace stele::load {
namespace {

TEST(LatencyHistogramTest, IsZeroWhenNothingWasRecorded) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.QuantileNs(0.5), 0);
  EXPECT_EQ(histogram.max_ns(), 0);
  EXPECT_EQ(histogram.mean_ns(), 0);
}

TEST(LatencyHistogramTest, OneValueIsEveryQuantile) {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{1}, std::int64_t{127},
                                   std::int64_t{128}, std::int64_t{999'999}, INT64_MAX}) {
    LatencyHistogram histogram;
    histogram.Record(value);
    EXPECT_EQ(histogram.QuantileNs(0), value);
    EXPECT_EQ(histogram.QuantileNs(0.5), value);
    EXPECT_EQ(histogram.QuantileNs(1), value);
    EXPECT_EQ(histogram.max_ns(), value);
  }
}

TEST(LatencyHistogramTest, NegativeCountsAsZero) {
  LatencyHistogram histogram;
  histogram.Record(-5);
  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(histogram.max_ns(), 0);
}

// The plain definition: sort and take the element at the rank.
TEST(LatencyHistogramTest, QuantilesAgreeWithSortingToBetterThanOnePercent) {
  FastRandom random(7);
  std::vector<std::int64_t> values;
  LatencyHistogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    // From nanoseconds to minutes, every magnitude equally likely.
    const auto value = static_cast<std::int64_t>(random.Next() >> (27 + random.Below(36)));
    values.push_back(value);
    histogram.Record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double quantile : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * 20'000));
    const std::int64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    const std::int64_t read = histogram.QuantileNs(quantile);
    EXPECT_GE(read, exact) << quantile;
    EXPECT_LE(static_cast<double>(read), static_cast<double>(exact) * 1.01 + 1) << quantile;
  }
  EXPECT_EQ(histogram.max_ns(), values.back());
}

TEST(LatencyHistogramTest, AddingUpEqualsRecordingInOne) {
  LatencyHistogram evens;
  LatencyHistogram odds;
  LatencyHistogram all;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    (i % 2 == 0 ? evens : odds).Record(i * i);
    all.Record(i * i);
  }
  evens.Add(odds);
  EXPECT_EQ(evens.count(), all.count());
  EXPECT_EQ(evens.max_ns(), all.max_ns());
  EXPECT_DOUBLE_EQ(evens.mean_ns(), all.mean_ns());
  for (const double quantile : {0.01, 0.5, 0.99}) {
    EXPECT_EQ(evens.QuantileNs(quantile), all.QuantileNs(quantile));
  }
}

}  // namespace
}  // namespace stele::load
