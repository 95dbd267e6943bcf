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

TEST(MetaCacheTest, KnowsWhatItWasTold) {
  MetaCache cache(1 << 20);
  EXPECT_EQ(cache.Find("a"), nullptr);
  cache.Put("a", MetaAt(2));
  cache.Put("gone", std::nullopt);
  ASSERT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(**cache.Find("a"), MetaAt(2));
  ASSERT_NE(cache.Find("gone"), nullptr);
  EXPECT_FALSE(cache.Find("gone")->has_value());
  cache.Put("a", MetaAt(3));
  EXPECT_EQ(**cache.Find("a"), MetaAt(3));
}

TEST(MetaCacheTest, WithoutRoomItKnowsNothing) {
  MetaCache cache(0);
  cache.Put("a", MetaAt(2));
  EXPECT_EQ(cache.Find("a"), nullptr);
}

TEST(MetaCacheTest, KeepsWhatIsUsedAndForgetsTheRest) {
  MetaCache cache(100'000);
  cache.Put("used", MetaAt(1));
  int forgotten = 0;
  for (int i = 0; i < 10'000; ++i) {
    cache.Put(absl::StrCat("key", i), MetaAt(i + 2));
    ASSERT_NE(cache.Find("used"), nullptr) << i;
  }
  for (int i = 0; i < 10'000; ++i) {
    if (cache.Find(absl::StrCat("key", i)) == nullptr) ++forgotten;
  }
  EXPECT_GT(forgotten, 9'000);
  EXPECT_LT(forgotten, 10'000);
}

TEST(MetaCacheTest, AKeyThatIsTooLargeIsForgottenNotKeptAsItWas) {
  const std::string large(900, 'k');
  MetaCache cache(1'000);
  cache.Put(large, MetaAt(1));
  EXPECT_EQ(cache.Find(large), nullptr);
}

// Against a map that never forgets: the cache may know less, never something else.
TEST(MetaCacheTest, NeverSaysWhatIsNotSo) {
  std::mt19937_64 random(7);
  for (const std::size_t bytes_max : {500U, 2'000U, 8'000U}) {
    MetaCache cache(bytes_max);
    std::map<std::string, std::optional<KeyMeta>> truth;
    int known = 0;
    for (int i = 1; i <= 20'000; ++i) {
      const std::string key = absl::StrCat("k", random() % 50);
      if (random() % 2 == 0) {
        truth[key] = random() % 5 == 0 ? std::nullopt : std::optional<KeyMeta>(MetaAt(i));
        cache.Put(key, truth[key]);
      } else if (const std::optional<KeyMeta>* found = cache.Find(key)) {
        ASSERT_EQ(*found, truth.at(key));
        ++known;
      }
    }
    EXPECT_GT(known, 0);
  }
}

}  // namespace
}  // namespace stele::storage
