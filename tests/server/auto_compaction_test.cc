#include "src/server/auto_compaction.h"

#include <gtest/gtest.h>

#include <vector>

namespace stele::server {
namespace {

using Mode = AutoCompactionPolicy::Mode;

AutoCompactionPolicy Periodic(absl::Duration period) { return {Mode::kPeriodic, period, 0}; }

// One member's compaction by a clock of its own; the store gets one revision a tick.
class Ticker {
 public:
  explicit Ticker(const AutoCompactionPolicy& policy)
      : compaction_(MakeAutoCompaction(policy, now_, revision_)) {}

  // Ticks once and answers what is to be compacted; 0: nothing.
  std::int64_t Tick(bool leads = true, bool succeeds = true) {
    now_ += compaction_->Interval();
    ++revision_;
    const std::optional<std::int64_t> wanted = compaction_->Tick(now_, revision_, leads);
    if (wanted && succeeds) compaction_->OnCompacted(now_, *wanted);
    return wanted.value_or(0);
  }
  // The ticks, from 1 on, at which something was compacted, and the revision.
  std::vector<std::pair<int, std::int64_t>> Run(int ticks) {
    std::vector<std::pair<int, std::int64_t>> compacted;
    for (int i = 1; i <= ticks; ++i) {
      if (const std::int64_t revision = Tick()) compacted.emplace_back(i, revision);
    }
    return compacted;
  }

  AutoCompaction& compaction() { return *compaction_; }
  std::int64_t revision_ = 100;

 private:
  absl::Duration now_ = absl::Hours(5);
  std::unique_ptr<AutoCompaction> compaction_;
};

TEST(PeriodicCompactionTest, KeepsOnePeriod) {
  Ticker ticker(Periodic(absl::Minutes(10)));
  EXPECT_EQ(ticker.compaction().Interval(), absl::Minutes(1));
  const std::vector<std::pair<int, std::int64_t>> expected = {{10, 100}, {20, 109}, {30, 119}};
  EXPECT_EQ(ticker.Run(39), expected);
}

TEST(PeriodicCompactionTest, LongPeriodsAreCompactedEveryHour) {
  Ticker ticker(Periodic(absl::Hours(3)));
  EXPECT_EQ(ticker.compaction().Interval(), absl::Minutes(6));
  const std::vector<std::pair<int, std::int64_t>> expected = {{30, 100}, {40, 109}, {50, 119}};
  EXPECT_EQ(ticker.Run(59), expected);
}

TEST(PeriodicCompactionTest, AFailureIsTriedAgainWithTheNextNote) {
  Ticker ticker(Periodic(absl::Minutes(10)));
  EXPECT_TRUE(ticker.Run(9).empty());
  EXPECT_EQ(ticker.Tick(true, false), 100);
  EXPECT_EQ(ticker.Tick(true, false), 100);
  EXPECT_EQ(ticker.Tick(), 101);
  EXPECT_TRUE(ticker.Run(9).empty());
}

TEST(PeriodicCompactionTest, ANewLeaderKnowsThePast) {
  Ticker ticker(Periodic(absl::Minutes(10)));
  for (int i = 0; i < 25; ++i) EXPECT_EQ(ticker.Tick(false), 0);
  EXPECT_EQ(ticker.Tick(), 115);
}

TEST(PeriodicCompactionTest, WithoutWritesThereIsNothingToDo) {
  Ticker ticker(Periodic(absl::Minutes(10)));
  for (int i = 1; i <= 40; ++i) {
    --ticker.revision_;
    EXPECT_EQ(ticker.Tick(), i == 10 ? 100 : 0) << i;
  }
}

TEST(RevisionCompactionTest, KeepsSoManyRevisions) {
  Ticker ticker({Mode::kRevision, {}, 30});
  EXPECT_EQ(ticker.compaction().Interval(), absl::Minutes(5));
  EXPECT_EQ(ticker.Tick(), 71);
  ticker.revision_ = 100;
  EXPECT_EQ(ticker.Tick(), 0);
  EXPECT_EQ(ticker.Tick(false), 0);
  EXPECT_EQ(ticker.Tick(true, false), 73);
  ticker.revision_ = 102;
  EXPECT_EQ(ticker.Tick(), 73);
  ticker.revision_ = 29;
  EXPECT_EQ(ticker.Tick(), 0);
}

TEST(AutoCompactionFlagsTest, WhatTheyMean) {
  const auto period = [](const char* text) {
    return ParseAutoCompaction("periodic", text).value().period;
  };
  EXPECT_EQ(period("5"), absl::Hours(5));
  EXPECT_EQ(period("90m"), absl::Minutes(90));
  EXPECT_EQ(period("1h30m"), absl::Minutes(90));
  EXPECT_EQ(ParseAutoCompaction("revision", "1000")->revisions, 1000);
  for (const char* off : {"0", "0s"}) {
    EXPECT_EQ(ParseAutoCompaction("periodic", off)->mode, Mode::kOff) << off;
  }
  EXPECT_EQ(ParseAutoCompaction("revision", "0")->mode, Mode::kOff);
  EXPECT_EQ(MakeAutoCompaction({}, absl::ZeroDuration(), 1), nullptr);
}

TEST(AutoCompactionFlagsTest, WhatIsRefused) {
  for (const char* retention : {"", "x", "-1", "-5m", "1d", "99999999999"}) {
    EXPECT_FALSE(ParseAutoCompaction("periodic", retention).ok()) << retention;
  }
  for (const char* retention : {"", "-1", "5m"}) {
    EXPECT_FALSE(ParseAutoCompaction("revision", retention).ok()) << retention;
  }
  EXPECT_FALSE(ParseAutoCompaction("", "1").ok());
  EXPECT_FALSE(ParseAutoCompaction("daily", "1").ok());
}

}  // namespace
}  // namespace stele::server
