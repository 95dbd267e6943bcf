// The search itself, and that it agrees with the judge by revisions on random windows.

#include "tests/history/linearizable.h"

#include <random>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/history/good_history.h"
#include "tests/history/history_checks.h"

namespace stele::history {
namespace {

constexpr std::size_t kSteps = 200'000;

TEST(SearchOrderTest, KnowsTheClassics) {
  const RegisterOperation w1{true, "1", 0, 10};
  const RegisterOperation w2{true, "2", 20, 30};
  const auto read = [](std::string value, std::int64_t start, std::int64_t end) {
    return RegisterOperation{false, std::move(value), start, end};
  };
  EXPECT_EQ(SearchOrder({}, "", kSteps), Linearizable::kYes);
  EXPECT_EQ(SearchOrder({w1, w2, read("2", 40, 50)}, "", kSteps), Linearizable::kYes);
  EXPECT_EQ(SearchOrder({w1, w2, read("1", 40, 50)}, "", kSteps), Linearizable::kNo);
  EXPECT_EQ(SearchOrder({w1, w2, read("1", 25, 50)}, "", kSteps), Linearizable::kYes);
  EXPECT_EQ(SearchOrder({w1, w2, read("2", 21, 22), read("1", 23, 24)}, "", kSteps),
            Linearizable::kNo);
  EXPECT_EQ(SearchOrder({w1, read("", 5, 6)}, "", kSteps), Linearizable::kYes);
  EXPECT_EQ(SearchOrder({w1, read("", 11, 12)}, "", kSteps), Linearizable::kNo);
  // An unknown write may take effect at any time after its call.
  const RegisterOperation unknown{true, "3", 5, INT64_MAX};
  EXPECT_EQ(SearchOrder({unknown, w1, w2, read("3", 100, 110), read("3", 120, 121)}, "", kSteps),
            Linearizable::kYes);
  EXPECT_EQ(SearchOrder({unknown, read("3", 1, 2)}, "", kSteps), Linearizable::kNo);
}

struct Agreement {
  int windows = 0;
  int rejected = 0;
};

// Cuts random windows of every kind of key out of the history and searches each.
Agreement SearchWindows(const History& history, std::uint64_t seed, int windows) {
  Report report;
  const RevisionModel model(history.revisions, &report);
  std::mt19937_64 random(seed);
  Agreement agreement;
  while (agreement.windows < windows) {
    const std::string key = "k" + std::to_string(100 + random() % 20);
    const auto from = static_cast<std::int64_t>(1 + random() % 1000);
    const RegisterWindow window = CutWindow(history, model, key, from, from + 600);
    if (window.operations.size() < 5) continue;
    EXPECT_LE(window.operations.size(), 400U);
    const Linearizable found = SearchOrder(window.operations, window.initial, kSteps);
    EXPECT_NE(found, Linearizable::kGaveUp);
    ++agreement.windows;
    agreement.rejected += found == Linearizable::kNo;
  }
  return agreement;
}

TEST(SearchOrderTest, AgreesOnGoodHistories) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const History history = MakeGoodHistory({.seed = seed, .operations = 3000});
    EXPECT_TRUE(CheckHistory(history).empty());
    EXPECT_EQ(SearchWindows(history, seed, 50).rejected, 0);
  }
}

// A read moved far behind the time of what it shows is stale for both.
TEST(SearchOrderTest, AgreesOnStaleReads) {
  History history = MakeGoodHistory({.seed = 3, .operations = 3000});
  int moved = 0;
  for (Operation& operation : history.operations) {
    const Step& step = operation.success[0];
    const bool is_read =
        step.kind == Step::Kind::kRange && step.range_end.empty() && !operation.serializable;
    if (!is_read || operation.revision < 100 || ++moved % 3 != 0) continue;
    operation.start += 4000;
    operation.end += 4000;
  }
  EXPECT_FALSE(CheckHistory(history).empty());
  EXPECT_GT(SearchWindows(history, 3, 50).rejected, 0);
}

}  // namespace
}  // namespace stele::history
