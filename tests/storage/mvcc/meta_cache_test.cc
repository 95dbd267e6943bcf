#include "src/storage/mvcc/meta_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"

namespace stele::storage {
namespace {

KeyMeta MetaAt(std::int64_t revision) {
  KeyMeta meta;
  meta.mod.main = revision;
  return meta;
}

std::optional<MetaCache::Meta> Known(const MetaCache::Meta& meta) { return meta; }

TEST(MetaCacheTest, KnowsWhatItWasTold) {
  MetaCache cache(1 << 20);
  EXPECT_EQ(cache.Find("a"), std::nullopt);
  cache.Put("a", MetaAt(2));
  cache.Put("gone", std::nullopt);
  EXPECT_EQ(cache.Find("a"), Known(MetaAt(2)));
  EXPECT_EQ(cache.Find("gone"), Known(std::nullopt));
  cache.Put("a", MetaAt(3));
  EXPECT_EQ(cache.Find("a"), Known(MetaAt(3)));
}

TEST(MetaCacheTest, WithoutRoomItKnowsNothing) {
  MetaCache cache(0);
  cache.Put("a", MetaAt(2));
  EXPECT_EQ(cache.Find("a"), std::nullopt);
}

TEST(MetaCacheTest, KeepsWhatIsUsedAndForgetsTheRest) {
  MetaCache cache(100'000);
  cache.Put("used", MetaAt(1));
  int forgotten = 0;
  for (int i = 0; i < 10'000; ++i) {
    cache.Put(absl::StrCat("key", i), MetaAt(i + 2));
    ASSERT_NE(cache.Find("used"), std::nullopt) << i;
  }
  for (int i = 0; i < 10'000; ++i) {
    if (cache.Find(absl::StrCat("key", i)) == std::nullopt) ++forgotten;
  }
  EXPECT_GT(forgotten, 9'000);
  EXPECT_LT(forgotten, 10'000);
}

TEST(MetaCacheTest, AKeyThatIsTooLargeIsForgottenNotKeptAsItWas) {
  const std::string large(900, 'k');
  MetaCache cache(1'000);
  cache.Put(large, MetaAt(1));
  EXPECT_EQ(cache.Find(large), std::nullopt);
}

// Against a map that never forgets: the cache may know less, never something else.
TEST(MetaCacheTest, NeverSaysWhatIsNotSo) {
  std::mt19937_64 random(7);
  for (const std::size_t bytes_max : {8'000U, 20'000U, 80'000U}) {
    MetaCache cache(bytes_max);
    std::map<std::string, std::optional<KeyMeta>> truth;
    int known = 0;
    for (int i = 1; i <= 20'000; ++i) {
      const std::string key = absl::StrCat("k", random() % 200);
      if (random() % 2 == 0) {
        truth[key] = random() % 5 == 0 ? std::nullopt : std::optional<KeyMeta>(MetaAt(i));
        cache.Put(key, truth[key]);
      } else if (const auto found = cache.Find(key)) {
        ASSERT_EQ(*found, truth.at(key));
        ++known;
      }
    }
    EXPECT_GT(known, 0);
  }
}

TEST(MetaCacheTest, AReaderOfAnOlderViewHearsOnlyWhatHeldThen) {
  MetaCache cache(1 << 20);
  cache.set_revision(5);
  cache.Put("old", MetaAt(3));
  cache.Put("new", MetaAt(5));
  cache.Put("gone", std::nullopt);
  EXPECT_EQ(cache.FindAt("old", 4), Known(MetaAt(3)));
  EXPECT_EQ(cache.FindAt("new", 4), std::nullopt);
  EXPECT_EQ(cache.FindAt("gone", 4), std::nullopt);
  EXPECT_EQ(cache.FindAt("new", 5), Known(MetaAt(5)));
  EXPECT_EQ(cache.FindAt("gone", 5), Known(std::nullopt));
}

TEST(MetaCacheTest, WhatAReaderFoundIsKeptUnlessSomethingChangedSince) {
  MetaCache cache(1 << 20);
  cache.set_revision(5);
  cache.Offer("a", MetaAt(3), 5);
  EXPECT_EQ(cache.Find("a"), Known(MetaAt(3)));
  cache.set_revision(6);
  cache.Offer("b", MetaAt(3), 5);
  EXPECT_EQ(cache.Find("b"), std::nullopt);
}

}  // namespace
}  // namespace stele::storage
