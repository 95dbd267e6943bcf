#include "src/server/watch/key_range_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "src/server/watch/watcher.h"

namespace stele::server {
namespace {

const std::string kEverythingFrom(1, '\0');

std::set<const Watcher*> Covering(const KeyRangeMap& map, const std::string& key) {
  std::vector<const KeyRangeMap::Group*> groups;
  map.FindCovering(key, &groups);
  std::set<const Watcher*> found;
  for (const KeyRangeMap::Group* group : groups) {
    EXPECT_FALSE(group->empty());
    for (const Watcher* watcher : *group) EXPECT_TRUE(found.insert(watcher).second);
  }
  return found;
}

TEST(KeyRangeTest, FollowsTheRulesOfTheApi) {
  const KeyRange exact{"b", ""};
  EXPECT_TRUE(exact.Contains("b"));
  EXPECT_FALSE(exact.Contains("ba"));
  EXPECT_FALSE(exact.IsEmpty());

  const KeyRange range{"b", "d"};
  EXPECT_FALSE(range.Contains("azz"));
  EXPECT_TRUE(range.Contains("b"));
  EXPECT_TRUE(range.Contains("czz"));
  EXPECT_FALSE(range.Contains("d"));

  const KeyRange rest{"b", kEverythingFrom};
  EXPECT_FALSE(rest.Contains("a"));
  EXPECT_TRUE(rest.Contains("\xff\xff"));
  EXPECT_FALSE(rest.IsEmpty());

  EXPECT_TRUE((KeyRange{"b", "b"}).IsEmpty());
  EXPECT_TRUE((KeyRange{"c", "b"}).IsEmpty());
  // A range end that merely begins with a zero byte is an ordinary key.
  EXPECT_TRUE((KeyRange{"b", std::string("\0x", 2)}).IsEmpty());
}

TEST(KeyRangeMapTest, AgreesWithTryingEveryWatcher) {
  for (const unsigned seed : {1U, 2U, 3U, 4U, 5U}) {
    std::mt19937 random(seed);
    const auto key = [&] {
      std::string drawn;
      for (auto length = 1 + random() % 3; length > 0; --length) {
        drawn += static_cast<char>("\0abc\xff"[random() % 5]);
      }
      return drawn;
    };
    KeyRangeMap map;
    std::vector<std::unique_ptr<Watcher>> watchers;
    for (int step = 0; step < 3000; ++step) {
      const bool grow = watchers.size() < 5 || random() % 100 < (step < 1500 ? 60 : 40);
      if (grow) {
        auto watcher = std::make_unique<Watcher>();
        const auto kind = random() % 4;
        watcher->range = {key(), kind == 0 ? "" : kind == 1 ? kEverythingFrom : key()};
        if (watcher->range.IsEmpty()) continue;
        map.Add(watcher.get());
        watchers.push_back(std::move(watcher));
      } else {
        std::swap(watchers[random() % watchers.size()], watchers.back());
        map.Remove(watchers.back().get());
        watchers.pop_back();
      }
      const std::string asked = key();
      std::set<const Watcher*> expected;
      for (const auto& watcher : watchers) {
        if (watcher->range.Contains(asked)) expected.insert(watcher.get());
      }
      ASSERT_EQ(Covering(map, asked), expected) << "seed " << seed << " step " << step;
      ASSERT_EQ(map.size(), watchers.size());
    }
  }
}

TEST(KeyRangeMapTest, StaysBalancedUnderSortedInsertionAndRemoval) {
  constexpr int kRanges = 10000;
  KeyRangeMap map;
  std::vector<Watcher> watchers(kRanges);
  for (int i = 0; i < kRanges; ++i) {
    Watcher& watcher = watchers[static_cast<std::size_t>(i)];
    watcher.range = {absl::StrCat("k", absl::Dec(i, absl::kZeroPad8)),
                     absl::StrCat("k", absl::Dec(i + 1, absl::kZeroPad8))};
    map.Add(&watcher);
  }
  EXPECT_LE(map.TreeHeight(), static_cast<int>(1.45 * std::log2(kRanges)) + 1);
  for (int i = 0; i < kRanges; i += 2) map.Remove(&watchers[static_cast<std::size_t>(i)]);
  EXPECT_LE(map.TreeHeight(), static_cast<int>(1.45 * std::log2(kRanges / 2)) + 1);
  EXPECT_EQ(Covering(map, "k00000001x").size(), 1U);
  EXPECT_EQ(Covering(map, "k00000002x").size(), 0U);
  for (int i = 1; i < kRanges; i += 2) map.Remove(&watchers[static_cast<std::size_t>(i)]);
  EXPECT_EQ(map.TreeHeight(), 0);
  EXPECT_EQ(map.size(), 0U);
}

TEST(KeyRangeMapTest, TenThousandRangesDoNotMakeLookUpsSlow) {
  constexpr int kRanges = 10000;
  constexpr int kLookUps = 20000;
  KeyRangeMap map;
  std::vector<Watcher> watchers(kRanges);
  for (int i = 0; i < kRanges; ++i) {
    Watcher& watcher = watchers[static_cast<std::size_t>(i)];
    watcher.range = {absl::StrCat("/registry/", i, "/"), absl::StrCat("/registry/", i, "0")};
    map.Add(&watcher);
  }
  std::vector<const KeyRangeMap::Group*> groups;
  std::size_t found = 0;
  const absl::Time start = absl::Now();
  for (int i = 0; i < kLookUps; ++i) {
    groups.clear();
    map.FindCovering(absl::StrCat("/registry/", i % kRanges, "/pod"), &groups);
    found += groups.size();
  }
  EXPECT_EQ(found, static_cast<std::size_t>(kLookUps));
  // Trying every range would take some 200 million comparisons; this allows 100 us a look-up.
  EXPECT_LT(absl::Now() - start, absl::Microseconds(100) * kLookUps);
}

}  // namespace
}  // namespace stele::server
