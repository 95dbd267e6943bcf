#include <gtest/gtest.h>

#include "src/client/cli/go_text.h"

namespace stele::cli {
namespace {

TEST(GoText, Quote) {
  EXPECT_EQ(Quote("a\"\\\n\x01\x7f\xff"), R"("a\"\\\n\x01\x7f\xff")");
  EXPECT_EQ(Quote("\u00e9\u2028\u00ad\u00a0\U0001f600"),
            "\"\u00e9\\u2028\\u00ad\\u00a0\U0001f600\"");
  EXPECT_EQ(Quote("\U000f0000"), "\"\\U000f0000\"");
  // Cut short, overlong, a surrogate.
  EXPECT_EQ(Quote("\xe2\x80"), R"("\xe2\x80")");
  EXPECT_EQ(Quote("\xc0\xaf"), R"("\xc0\xaf")");
  EXPECT_EQ(Quote("\xed\xa0\x80"), R"("\xed\xa0\x80")");
}

TEST(GoText, UnquoteReadsWhatQuoteWrites) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  all += "\u2028 \U000f0000 \u00e9";
  const std::string quoted = Quote(all);
  const auto read = Unquote(quoted + " rest");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->first, all);
  EXPECT_EQ(read->second, quoted.size());
}

TEST(GoText, UnquoteRefuses) {
  for (const char* text : {"", "a", "\"a", "\"\\", R"("\q")", R"("\x4")", R"("\u12")"}) {
    EXPECT_FALSE(Unquote(text).ok()) << text;
  }
}

TEST(GoText, Durations) {
  EXPECT_EQ(DurationText(absl::Nanoseconds(5002850274)), "5.002850274s");
  EXPECT_EQ(DurationText(absl::Nanoseconds(1318259)), "1.318259ms");
  EXPECT_EQ(DurationText(absl::Nanoseconds(1500)), "1.5\u00b5s");
  EXPECT_EQ(DurationText(absl::Nanoseconds(7)), "7ns");
  EXPECT_EQ(DurationText(absl::Hours(1) + absl::Seconds(5)), "1h0m5s");
  EXPECT_EQ(DurationText(absl::ZeroDuration()), "0s");
  EXPECT_EQ(*DurationFromText("1h2m3.5s"), absl::Milliseconds(3723500));
  EXPECT_EQ(*DurationFromText("0"), absl::ZeroDuration());
  EXPECT_EQ(DurationFromText("5").status().message(), "time: missing unit in duration \"5\"");
  EXPECT_EQ(DurationFromText("5x").status().message(),
            "time: unknown unit \"x\" in duration \"5x\"");
  EXPECT_EQ(DurationFromText("abc").status().message(), "time: invalid duration \"abc\"");
}

TEST(GoText, Numbers) {
  EXPECT_EQ(*ParseInt("0x10", 0), 16);
  EXPECT_EQ(*ParseInt("-7", 10), -7);
  EXPECT_EQ(*ParseInt("6b93a203b4ffee53", 16), 0x6b93a203b4ffee53);
  for (const char* text : {"", " 1", "1 ", "--1", "0x", "x", "1_0"}) {
    EXPECT_FALSE(ParseInt(text, 10).ok()) << text;
  }
  EXPECT_FALSE(ParseInt("0x10", 16).ok());
  EXPECT_EQ(ParseInt("99999999999999999999", 10).status().message(),
            "strconv.ParseInt: parsing \"99999999999999999999\": value out of range");
}

TEST(GoText, ByteSizes) {
  EXPECT_EQ(FormatByteSize(9), "9 B");
  EXPECT_EQ(FormatByteSize(28672), "29 kB");
  EXPECT_EQ(FormatByteSize(1234567), "1.2 MB");
  EXPECT_EQ(FormatByteSize(UINT64_MAX), "18 EB");
}

}  // namespace
}  // namespace stele::cli
