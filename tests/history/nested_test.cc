// Transactions within transactions, and deletions of unknown outcome.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "tests/history/history_checks.h"

namespace stele::history {
namespace {

std::set<std::string> ChecksThatFail(const History& history) {
  std::set<std::string> checks;
  for (const Violation& violation : CheckHistory(history)) checks.insert(violation.check);
  return checks;
}

Step Put(const std::string& key, const std::string& value) {
  return {.kind = Step::Kind::kPut, .key = key, .value = value};
}

Operation Acknowledged(Step step, std::int64_t revision, StepResult result) {
  return {.success = {std::move(step)},
          .start = 10 * revision,
          .end = 10 * revision + 5,
          .outcome = Outcome::kAcknowledged,
          .revision = revision,
          .results = {std::move(result)}};
}

Operation Unknown(Step step, std::int64_t start) {
  return {.success = {std::move(step)}, .start = start, .end = start + 1000};
}

// Puts a, and puts b by what a was before.
History WithNested() {
  History history;
  history.revisions = {
      {.revision = 2, .changes = {{.key = "a", .value = "1"}}},
      {.revision = 3, .changes = {{.key = "a", .value = "2"}, {.key = "b", .value = "3"}}}};
  history.operations.push_back(Acknowledged(Put("a", "1"), 2, {}));
  const Nested nested{.compares = {{.key = "a", .target = Compare::Target::kValue, .value = "1"}},
                      .success = {Put("b", "3")},
                      .failure = {Put("b", "4")}};
  Operation outer = Acknowledged(Put("a", "2"), 3, {});
  outer.success.push_back(
      {.kind = Step::Kind::kTxn, .key = {}, .nested = std::make_shared<const Nested>(nested)});
  outer.results.push_back({.succeeded = true, .results = {{}}});
  history.operations.push_back(outer);
  return history;
}

TEST(NestedTest, ComparesWhatWasBeforeTheWholeTransaction) {
  EXPECT_THAT(ChecksThatFail(WithNested()), ::testing::IsEmpty());
}

TEST(NestedTest, TheBranchThatRanIsJudged) {
  History history = WithNested();
  history.operations[1].results[1].succeeded = false;
  EXPECT_THAT(ChecksThatFail(history), ::testing::Contains("write-reply"));
}

TEST(NestedTest, WhatItChangedIsJudged) {
  History history = WithNested();
  history.revisions[1].changes[1].value = "4";
  EXPECT_THAT(ChecksThatFail(history), ::testing::Contains("acked-write-lost"));
  history.operations[1].outcome = Outcome::kUnknown;
  EXPECT_THAT(ChecksThatFail(history), ::testing::Contains("unknown-write-altered"));
  history.operations[1].outcome = Outcome::kRefused;
  EXPECT_THAT(ChecksThatFail(history), ::testing::Contains("refused-write-present"));
}

// One deletion fits both revisions, the other one only the first.
History WithUnknownDeletions() {
  const Change gone_a{.key = "a", .deletes = true};
  const Change gone_b{.key = "b", .deletes = true};
  History history;
  history.revisions = {{.revision = 2, .changes = {{.key = "a", .value = "1"}}},
                       {.revision = 3, .changes = {gone_a}},
                       {.revision = 4, .changes = {{.key = "a", .value = "2"}}},
                       {.revision = 5, .changes = {{.key = "b", .value = "3"}}},
                       {.revision = 6, .changes = {gone_a, gone_b}}};
  history.operations = {
      Unknown({.kind = Step::Kind::kDelete, .key = "a", .range_end = "c"}, 1),
      Unknown({.kind = Step::Kind::kDelete, .key = "a"}, 1),
      Acknowledged(Put("a", "1"), 2, {}),
      Acknowledged(Put("a", "2"), 4, {}),
      Acknowledged(Put("b", "3"), 5, {}),
  };
  return history;
}

TEST(UnknownDeletionTest, EachExplainsOneRevision) {
  EXPECT_THAT(ChecksThatFail(WithUnknownDeletions()), ::testing::IsEmpty());
}

TEST(UnknownDeletionTest, NoneExplainsTwo) {
  History history = WithUnknownDeletions();
  history.operations.erase(history.operations.begin() + 1);
  EXPECT_THAT(ChecksThatFail(history), ::testing::Contains("revision-without-a-write"));
}

TEST(UnknownDeletionTest, NoneExplainsWhatWasBeforeIt) {
  History history = WithUnknownDeletions();
  history.operations[1].start = 48;  // after revision 4 was answered
  EXPECT_THAT(ChecksThatFail(history), ::testing::Contains("revision-without-a-write"));
}

}  // namespace
}  // namespace stele::history
