#include "src/server/api/queue_keys.h"

#include <gtest/gtest.h>

#include <limits>

namespace stele::server {
namespace {

TEST(QueueKeysTest, AreEtcds) {
  EXPECT_EQ(QueuePrefix("name"), "name/");
  EXPECT_EQ(QueueKey("name/", 0x694d), "name/694d");
  EXPECT_EQ(QueueKey("/", std::numeric_limits<std::int64_t>::max()), "/7fffffffffffffff");
  EXPECT_EQ(QueueKey("/", -10), "/-a");
  EXPECT_EQ(QueueKey("/", std::numeric_limits<std::int64_t>::min()), "/-8000000000000000");
}

TEST(QueueKeysTest, EndOfAPrefix) {
  EXPECT_EQ(PrefixEnd("a/"), "a0");
  EXPECT_EQ(PrefixEnd("a\xff\xff"), "b");
  EXPECT_EQ(PrefixEnd("\xff"), std::string(1, '\0'));
}

}  // namespace
}  // namespace stele::server
