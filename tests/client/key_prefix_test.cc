// Which keys a namespace sends for those it is given.
#include "src/client/key_prefix.h"

#include <gtest/gtest.h>

#include "src/client/requests.h"

namespace stele::client {
namespace {

const std::string kZero(1, '\0');  // NOLINT(cert-err58-cpp)

// The range on the wire for a range in the namespace.
std::pair<std::string, std::string> Sent(const std::string& prefix, const KeyRange& range) {
  const auto request = WithPrefix(prefix, GetOf(range));
  return {request.key(), request.range_end()};
}

TEST(KeyPrefix, RangesStayInsideTheNamespace) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(Sent("p/", KeyRange::One("a")), Pair("p/a", ""));
  EXPECT_EQ(Sent("p/", KeyRange::Between("a", "b")), Pair("p/a", "p/b"));
  EXPECT_EQ(Sent("p/", KeyRange::Prefix("a")), Pair("p/a", "p/b"));
  EXPECT_EQ(Sent("p/", KeyRange::All()), Pair("p/" + kZero, "p0"));
  EXPECT_EQ(Sent("p/", KeyRange::From("m")), Pair("p/m", "p0"));
  EXPECT_EQ(Sent("p/", KeyRange::Prefix("\xff")), Pair("p/\xff", "p0"));
  EXPECT_EQ(Sent("\xff", KeyRange::All()), Pair("\xff" + kZero, kZero));
  EXPECT_EQ(Sent("p/", KeyRange::One("")), Pair("", ""));
  EXPECT_EQ(Sent("", KeyRange::All()), Pair(kZero, kZero));
}

TEST(KeyPrefix, WatchOfTheEmptyKeyIsOneOfTheSmallest) {
  EXPECT_EQ(WithPrefix("p/", WatchOf({"", ""})).key(), "p/" + kZero);
  EXPECT_EQ(WithPrefix("", WatchOf({"", ""})).key(), "");
}

TEST(KeyPrefix, LeaseTellsOnlyTheNamespacesKeys) {
  etcdserverpb::LeaseTimeToLiveResponse response;
  for (const char* key : {"p/a", "q/b", "p/c"}) response.add_keys(key);
  StripPrefixFrom("p/", response);
  ASSERT_EQ(response.keys_size(), 2);
  EXPECT_EQ(response.keys(0), "a");
  EXPECT_EQ(response.keys(1), "c");
}

}  // namespace
}  // namespace stele::client
