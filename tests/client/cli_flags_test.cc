#include <gtest/gtest.h>

#include "src/client/cli/flags.h"

namespace stele::cli {
namespace {

using Words = std::vector<std::string>;

struct Fixture {
  Fixture() {
    set.Add("hex", &hex, "");
    set.Add("limit", &limit, "");
    set.Add("write-out", &format, "");
    set.Shorthand('w');
    set.Add("interactive", &interactive, "");
    set.Shorthand('i');
    set.Add("endpoints", &endpoints, "");
  }

  // The arguments, or the error as the only word.
  Words Parse(const Words& words) {
    auto arguments = set.Parse(words);
    return arguments.ok() ? *arguments : Words{std::string(arguments.status().message())};
  }

  bool hex = false;
  bool interactive = false;
  int64_t limit = 0;
  std::string format = "simple";
  Words endpoints;
  FlagSet set;
};

TEST(Flags, AllForms) {
  Fixture f;
  EXPECT_EQ(f.Parse({"a", "--hex", "--limit", "3", "b", "-iw=json", "--endpoints=x,y"}),
            (Words{"a", "b"}));
  EXPECT_TRUE(f.hex);
  EXPECT_TRUE(f.interactive);
  EXPECT_EQ(f.limit, 3);
  EXPECT_EQ(f.format, "json");
  EXPECT_EQ(f.endpoints, (Words{"x", "y"}));
  EXPECT_EQ(f.Parse({"--hex=false", "-wtable"}), Words{});
  EXPECT_FALSE(f.hex);
  EXPECT_EQ(f.format, "table");
}

TEST(Flags, ArgumentsArriveUnchanged) {
  Fixture f;
  EXPECT_EQ(f.Parse({"[a,b]", "{}", "", "-", "%%", "--", "--hex", "--"}),
            (Words{"[a,b]", "{}", "", "-", "%%", "--hex", "--"}));
  EXPECT_FALSE(f.hex);
  EXPECT_EQ(f.set.arguments_before_dash(), 5U);
}

TEST(Flags, Errors) {
  Fixture f;
  EXPECT_EQ(f.Parse({"--nope=1"}), Words{"unknown flag: --nope"});
  EXPECT_EQ(f.Parse({"-ix"}), Words{"unknown shorthand flag: 'x' in -ix"});
  EXPECT_EQ(f.Parse({"--limit"}), Words{"flag needs an argument: --limit"});
  EXPECT_EQ(f.Parse({"-w"}), Words{"flag needs an argument: 'w' in -w"});
  EXPECT_EQ(f.Parse({"--hex=maybe"}),
            Words{"invalid argument \"maybe\" for \"--hex\" flag: strconv.ParseBool: parsing "
                  "\"maybe\": invalid syntax"});
}

TEST(Flags, FindsArgumentsAmongFlags) {
  Fixture f;
  EXPECT_EQ(f.set.ArgumentPositions({"--limit", "3", "get", "-w", "json", "--hex", "a", "--", "b"}),
            (std::vector<size_t>{2, 6}));
}

TEST(Flags, DefaultsYieldToTheCommandLine) {
  Fixture f;
  f.Parse({"--limit=3"});
  EXPECT_TRUE(f.set.SetDefault("limit", "9").ok());
  EXPECT_TRUE(f.set.SetDefault("write-out", "fields").ok());
  EXPECT_FALSE(f.set.SetDefault("hex", "perhaps").ok());
  EXPECT_EQ(f.limit, 3);
  EXPECT_EQ(f.format, "fields");
}

}  // namespace
}  // namespace stele::cli
