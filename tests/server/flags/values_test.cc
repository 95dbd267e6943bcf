#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "src/server/flags/go_value.h"
#include "src/server/flags/nearest.h"

namespace stele::server {
namespace {

TEST(GoValueTest, Booleans) {
  for (const char* text : {"1", "t", "T", "TRUE", "true", "True"}) {
    EXPECT_TRUE(ParseGoBool(text).value()) << text;
  }
  for (const char* text : {"0", "f", "F", "FALSE", "false", "False"}) {
    EXPECT_FALSE(ParseGoBool(text).value()) << text;
  }
  for (const char* text : {"", "yes", "tRUE", "2", " true"}) {
    EXPECT_FALSE(ParseGoBool(text).ok()) << text;
  }
}

TEST(GoValueTest, Integers) {
  EXPECT_EQ(ParseGoInt("-10").value(), -10);
  EXPECT_EQ(ParseGoInt("+10").value(), 10);
  EXPECT_EQ(ParseGoInt("0").value(), 0);
  EXPECT_EQ(ParseGoInt("0x10").value(), 16);
  EXPECT_EQ(ParseGoInt("0X_1f").value(), 31);
  EXPECT_EQ(ParseGoInt("0b101").value(), 5);
  EXPECT_EQ(ParseGoInt("0o17").value(), 15);
  EXPECT_EQ(ParseGoInt("017").value(), 15);
  EXPECT_EQ(ParseGoInt("1_000").value(), 1000);
  EXPECT_EQ(ParseGoInt("-9223372036854775808").value(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(ParseGoInt("9223372036854775807").value(), std::numeric_limits<std::int64_t>::max());
  for (const char* text : {"", "-", "+-1", "--1", "1_", "_1", "1__0", "0x", "08", "1.0", "1e3",
                           "9223372036854775808", "-9223372036854775809", " 1", "1 "}) {
    EXPECT_FALSE(ParseGoInt(text).ok()) << text;
  }
}

TEST(GoValueTest, UnsignedIntegers) {
  EXPECT_EQ(ParseGoUint("18446744073709551615").value(), std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", "-1", "+1", "18446744073709551616", "1k"}) {
    EXPECT_FALSE(ParseGoUint(text).ok()) << text;
  }
}

TEST(GoValueTest, Durations) {
  EXPECT_EQ(ParseGoDuration("1h2m3.5s").value(),
            absl::Hours(1) + absl::Minutes(2) + absl::Milliseconds(3500));
  EXPECT_EQ(ParseGoDuration("-1.5h").value(), -absl::Minutes(90));
  EXPECT_EQ(ParseGoDuration("0").value(), absl::ZeroDuration());
  EXPECT_EQ(ParseGoDuration("5us").value(), absl::Microseconds(5));
  EXPECT_EQ(ParseGoDuration("5\u00b5s").value(), absl::Microseconds(5));
  EXPECT_EQ(ParseGoDuration("5\u03bcs").value(), absl::Microseconds(5));
  EXPECT_EQ(ParseGoDuration("7ns").value(), absl::Nanoseconds(7));
  for (const char* text : {"", "5", "s", "5 s", "5x", "inf", "-inf", "1d", "3000000h"}) {
    EXPECT_FALSE(ParseGoDuration(text).ok()) << text;
  }
}

TEST(NearestTest, CountsEdits) {
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", "abc"), 0u);
  EXPECT_EQ(EditDistance("abc", "acb"), 1u);
  EXPECT_EQ(EditDistance("abc", "abd"), 1u);
  EXPECT_EQ(EditDistance("abc", "ac"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(NearestTest, FindsTheNearestThatIsNearEnough) {
  const std::vector<std::string> words = {"cert-file", "data-dir", "key-file", "name"};
  EXPECT_EQ(NearestWord("data-dri", words), "data-dir");
  EXPECT_EQ(NearestWord("cret-file", words), "cert-file");
  EXPECT_EQ(NearestWord("keyfile", words), "key-file");
  EXPECT_EQ(NearestWord("nmae", words), "name");
  EXPECT_EQ(NearestWord("listen", words), "");
  EXPECT_EQ(NearestWord("x", words), "");
  EXPECT_EQ(DidYouMean("nam", words, "--"), " (did you mean --name?)");
}

}  // namespace
}  // namespace stele::server
