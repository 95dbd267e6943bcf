#include "src/storage/mvcc/key_codec.h"

#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "src/storage/mvcc/key_interval.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {
namespace {

std::string HistoryKey(const std::string& key, Revision revision) {
  std::string bytes;
  EncodeHistoryKey(key, revision, &bytes);
  return bytes;
}

// Bytes that an escaping scheme gets wrong first.
std::string RandomKey(std::mt19937_64* random) {
  constexpr char kBytes[] = {'\x00', '\x01', '\x02', 'a', '\xfe', '\xff'};
  std::string key((*random)() % 6, 'x');
  for (char& c : key) c = kBytes[(*random)() % sizeof(kBytes)];
  return key;
}

Revision RandomRevision(std::mt19937_64* random) {
  return {1 + static_cast<std::int64_t>((*random)() % 3),
          static_cast<std::uint32_t>((*random)() % 3)};
}

TEST(KeyCodecTest, HistoryKeysSortByKeyThenNewestFirst) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string a = RandomKey(&random);
    const std::string b = RandomKey(&random);
    const Revision at = RandomRevision(&random);
    const Revision bt = RandomRevision(&random);
    const bool less = std::tie(a, bt) < std::tie(b, at);
    ASSERT_EQ(HistoryKey(a, at) < HistoryKey(b, bt), less)
        << ::testing::PrintToString(a) << " " << ::testing::PrintToString(b);
  }
}

TEST(KeyCodecTest, LowerBoundSeparatesKeys) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    const std::string a = RandomKey(&random);
    const std::string b = RandomKey(&random);
    ASSERT_EQ(HistoryKey(a, RandomRevision(&random)) < HistoryLowerBound(b), a < b);
  }
}

TEST(KeyCodecTest, KeysDecodeToWhatWasEncoded) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    const std::string key = RandomKey(&random);
    const Revision revision{std::numeric_limits<std::int64_t>::max() - i, kSubMax};
    std::string found;
    Revision found_revision;
    ASSERT_TRUE(DecodeHistoryKey(HistoryKey(key, revision), &found, &found_revision));
    ASSERT_EQ(found, key);
    ASSERT_EQ(found_revision, revision);
    std::string bytes;
    EncodeRevisionKey(revision, &bytes);
    ASSERT_TRUE(DecodeRevisionKey(bytes, &found_revision));
    ASSERT_EQ(found_revision, revision);
  }
}

TEST(KeyCodecTest, DamagedKeysAreRefused) {
  const std::string whole = HistoryKey(std::string("a\0b", 3), {7, 1});
  std::string key;
  Revision revision;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(DecodeHistoryKey(whole.substr(0, size), &key, &revision)) << size;
  }
  EXPECT_FALSE(DecodeHistoryKey(whole + "x", &key, &revision));
  EXPECT_FALSE(DecodeRevisionKey("short", &revision));
}

TEST(RecordCodecTest, DamagedRecordsAreRefused) {
  ChangeRecord change;
  change.meta = {{5, 0}, 300, 70'000, -1};
  change.prev = {4, 2};
  change.key = "key";
  std::string bytes;
  EncodeChange(change, &bytes);
  ChangeRecord found;
  ASSERT_TRUE(DecodeChange(bytes, {5, 0}, &found));
  EXPECT_EQ(found.meta, change.meta);
  EXPECT_EQ(found.prev, change.prev);
  EXPECT_EQ(found.key, "key");
  EXPECT_EQ(found.value, "");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeChange(std::string_view(bytes).substr(0, size), {5, 0}, &found)) << size;
  }
  KeyMeta meta;
  EncodeKeyMeta(change.meta, &bytes);
  ASSERT_TRUE(DecodeKeyMeta(bytes, &meta));
  EXPECT_EQ(meta, change.meta);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeKeyMeta(std::string_view(bytes).substr(0, size), &meta)) << size;
  }
}

TEST(KeyIntervalTest, FormsOfRangeEnd) {
  const std::string nul(1, '\0');
  EXPECT_TRUE(KeyInterval("a", "").Contains("a"));
  EXPECT_FALSE(KeyInterval("a", "").Contains("a" + nul));
  EXPECT_TRUE(KeyInterval("a", nul).Contains("\xff\xff"));
  EXPECT_FALSE(KeyInterval("b", nul).Contains("a"));
  EXPECT_TRUE(KeyInterval("a", "c").Contains("b\xff"));
  EXPECT_FALSE(KeyInterval("a", "c").Contains("c"));
  EXPECT_TRUE(KeyInterval("b", "a").IsEmpty());
  EXPECT_TRUE(KeyInterval("b", "b").IsEmpty());
  EXPECT_FALSE(KeyInterval("b", "").IsEmpty());
}

}  // namespace
}  // namespace stele::storage
