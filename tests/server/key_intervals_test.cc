#include "src/server/api/key_intervals.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace stele::server {
namespace {

bool Covers(const std::string& key, const std::string& end, const std::string& probe) {
  if (end.empty()) return probe == key;
  return probe >= key && probe < end;
}

TEST(KeyIntervalsTest, AgreesWithBruteForceOverASmallUniverse) {
  const std::vector<std::string> universe = {
      std::string(1, '\0'), std::string("a\0", 2), "a", "aa", "ab", "b", "ba", "c", "\xff"};
  std::vector<std::string> ends = universe;
  ends.emplace_back();
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    KeyIntervals intervals;
    KeyIntervals merged;
    std::vector<std::pair<std::string, std::string>> ranges;
    for (int i = 0; i < 5; ++i) {
      ranges.emplace_back(universe[random() % universe.size()], ends[random() % ends.size()]);
      if (i % 2 == 0) {
        intervals.AddRange(ranges.back().first, ranges.back().second);
      } else {
        merged.AddRange(ranges.back().first, ranges.back().second);
      }
    }
    intervals.AddAll(merged);
    for (const std::string& probe : universe) {
      bool expected = false;
      for (const auto& [key, end] : ranges) expected |= Covers(key, end, probe);
      ASSERT_EQ(intervals.Contains(probe), expected) << "round " << round << " key " << probe;
    }
  }
}

}  // namespace
}  // namespace stele::server
