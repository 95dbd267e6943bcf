// What is worked out from outside, on histories made by hand.
#include "tests/process/outside_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "tests/history/history_checks.h"

namespace stele::process {
namespace {

using history::History;
using history::LeaseRequest;
using history::Operation;
using history::Outcome;
using history::Step;
using history::WatchResponse;

constexpr std::int64_t kTtl = 1000;

// A lease is granted at 10, a key is put on it at 20 (revision 2) and is deleted at `deleted`
// (revision 3), seen at once by a witness.
History WithLease(std::int64_t deleted) {
  History history;
  history.lease_requests = {{.kind = LeaseRequest::Kind::kGrant,
                             .id = 7,
                             .ttl = kTtl,
                             .start = 10,
                             .end = 11,
                             .outcome = Outcome::kAcknowledged}};
  history.operations = {
      {.success = {{.kind = Step::Kind::kPut, .key = "k", .value = "v", .lease = 7}},
       .start = 20,
       .end = 21,
       .outcome = Outcome::kAcknowledged,
       .revision = 2,
       .results = {{}}}};
  const auto event = [](std::int64_t revision, std::int64_t time, history::EventRecord record) {
    return WatchResponse{.revision = revision, .time = time, .events = {std::move(record)}};
  };
  history::WatchRecord witness{
      .name = "witness", .key = std::string(1, '\0'), .range_end = std::string(1, '\0')};
  witness.sessions = {
      {.start_revision = 1,
       .responses = {{.kind = WatchResponse::Kind::kCreated, .revision = 1, .time = 1},
                     event(2, 22,
                           {.kv = {.key = "k",
                                   .value = "v",
                                   .create_revision = 2,
                                   .mod_revision = 2,
                                   .version = 1,
                                   .lease = 7}}),
                     event(3, deleted, {.deletes = true, .kv = {.key = "k", .mod_revision = 3}})}}};
  history.watches.push_back(std::move(witness));
  history.end = 5000;
  return history;
}

// By a client of whom nothing is known but that it asked.
Operation Deletion(Outcome outcome) {
  return {.success = {{.kind = Step::Kind::kDelete, .key = "k"}},
          .start = 100,
          .end = 300,
          .outcome = outcome,
          .revision = 3,
          .results = {{.count = 1}}};
}

std::set<std::string> ChecksThatFail(History history) {
  FindRevisions(&history);
  FindLeaseLives(/*none_left_since=*/4000, &history);
  std::set<std::string> checks;
  for (const auto& violation : history::CheckHistory(history)) checks.insert(violation.check);
  return checks;
}

TEST(OutsideViewTest, ALeaseThatEndsInTime) {
  History history = WithLease(/*deleted=*/1500);
  FindRevisions(&history);
  FindLeaseLives(4000, &history);
  ASSERT_EQ(history.revisions.size(), 2U);
  EXPECT_EQ(history.revisions[0].time, 21) << "the answer came before the event";
  ASSERT_EQ(history.leases.size(), 1U);
  EXPECT_EQ(history.leases[0].revoked, 1500);
  EXPECT_EQ(history.leases[0].revoked_revision, 3);
  EXPECT_EQ(history.leases[0].lived_until_after, 20);
  EXPECT_THAT(ChecksThatFail(WithLease(1500)), ::testing::IsEmpty());
}

TEST(OutsideViewTest, ALeaseThatEndsTooEarly) {
  EXPECT_THAT(ChecksThatFail(WithLease(/*deleted=*/200)),
              ::testing::Contains("lease-expired-early"));
}

TEST(OutsideViewTest, ADeletionIsNotTheEndOfTheLease) {
  for (const Outcome outcome : {Outcome::kAcknowledged, Outcome::kUnknown}) {
    History history = WithLease(/*deleted=*/200);
    history.operations.push_back(Deletion(outcome));
    EXPECT_THAT(ChecksThatFail(history), ::testing::IsEmpty());
  }
}

TEST(OutsideViewTest, ALeaseThatNeverEnds) {
  History history = WithLease(/*deleted=*/200);
  history.operations.push_back(Deletion(Outcome::kAcknowledged));
  FindRevisions(&history);
  FindLeaseLives(/*none_left_since=*/0, &history);
  const history::Violations violations = history::CheckHistory(history);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].check, "lease-never-expired");
}

TEST(OutsideViewTest, ARevokeThatLeavesItsKey) {
  History history = WithLease(/*deleted=*/1500);
  history.watches[0].sessions[0].responses.pop_back();
  EXPECT_THAT(ChecksThatFail(history), ::testing::Contains("key-outlives-lease"));
}

TEST(OutsideViewTest, AnAnswerThatDeniesALivingLease) {
  History history = WithLease(/*deleted=*/1500);
  history.lease_requests.push_back({.kind = LeaseRequest::Kind::kRenew,
                                    .id = 7,
                                    .ttl = 0,
                                    .start = 15,
                                    .end = 16,
                                    .outcome = Outcome::kAcknowledged});
  EXPECT_THAT(ChecksThatFail(history), ::testing::Not(::testing::IsEmpty()));
}

}  // namespace
}  // namespace stele::process
