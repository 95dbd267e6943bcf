#include "tests/process/history_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace stele::process {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EventRecord PutEvent(const std::string& key, const std::string& value, std::int64_t create,
                     std::int64_t revision, std::int64_t version, std::int64_t batch) {
  return {.kv = {key, value, create, revision, version}, .batch = batch};
}

WriteRecord Acknowledged(std::vector<Change> changes, std::int64_t start_ns, std::int64_t end_ns,
                         std::int64_t revision) {
  return {std::move(changes), start_ns, end_ns, Outcome::kAcknowledged, revision, 0};
}

// A small run without a fault. Revisions: 2 puts a; 3 puts a and b at once; 4 (outcome unknown)
// puts b; 5 puts c and deletes a. One write stayed without effect.
class HistoryChecksTest : public ::testing::Test {
 protected:
  HistoryChecksTest() {
    history_.writes = {
        Acknowledged({{"a", "1"}}, 10, 20, 2),
        Acknowledged({{"a", "2"}, {"b", "3"}}, 15, 30, 3),
        {{{"b", "4"}}, 31, 60, Outcome::kUnknown, 0, 1},
        {{{"b", "5"}}, 32, 60, Outcome::kUnknown, 0, 1},
        Acknowledged({{"c", "6"}, {"a", "", true}, {"absent", "", true}}, 50, 70, 5),
    };
    WatchRecord plain{.name = "plain"};
    plain.events = {
        PutEvent("a", "1", 2, 2, 1, 0), PutEvent("a", "2", 2, 3, 2, 1),
        PutEvent("b", "3", 3, 3, 1, 1), PutEvent("b", "4", 3, 4, 2, 1),
        PutEvent("c", "6", 5, 5, 1, 2), {.deletes = true, .kv = {"a", "", 0, 5, 0}, .batch = 2},
    };
    WatchRecord previous = plain;
    previous.name = "previous";
    previous.with_previous = true;
    previous.events[1].previous = previous.events[0].kv;
    previous.events[3].previous = previous.events[2].kv;
    previous.events[5].previous = previous.events[1].kv;
    history_.watches = {plain, previous};
    history_.reads = {
        {5, 12, true, 1, {}, 0},
        {21, 35, true, 2, {plain.events[0].kv}, 0},
        {80, 90, true, 5, {plain.events[3].kv, plain.events[4].kv}, 0},
        {80, 90, false, 3, {plain.events[1].kv, plain.events[2].kv}, 2},
    };
  }

  std::vector<EventRecord>& events(std::size_t watch) { return history_.watches[watch].events; }

  void ExpectViolation(const std::string& text) {
    EXPECT_THAT(CheckHistory(history_), Contains(HasSubstr(text)));
  }

  History history_;
};

TEST_F(HistoryChecksTest, AcceptsARunWithoutFault) {
  EXPECT_THAT(CheckHistory(history_), IsEmpty());
}

TEST_F(HistoryChecksTest, FindsALostWrite) {
  history_.writes.push_back(Acknowledged({{"d", "7"}}, 60, 75, 6));
  ExpectViolation("lost write at revision 6");
}

TEST_F(HistoryChecksTest, FindsAWriteWhoseRevisionWentToAnother) {
  history_.writes.push_back(Acknowledged({{"d", "7"}}, 32, 75, 4));
  ExpectViolation("lost or altered write at revision 4");
}

TEST_F(HistoryChecksTest, FindsAHalfWrittenTransaction) {
  for (std::size_t watch : {0u, 1u}) events(watch).erase(events(watch).begin() + 2);
  ExpectViolation("lost or altered write at revision 3");
}

TEST_F(HistoryChecksTest, FindsARefusedWriteThatTookPlace) {
  history_.writes[2].outcome = Outcome::kRefused;
  ExpectViolation("refused write took place at 4");
}

TEST_F(HistoryChecksTest, FindsAWriteThatTookPlaceTwice) {
  for (std::size_t watch : {0u, 1u}) {
    events(watch).push_back(PutEvent("b", "4", 3, 6, 3, 3));
    if (watch == 1) events(watch).back().previous = events(watch)[3].kv;
  }
  ExpectViolation("value written twice");
}

TEST_F(HistoryChecksTest, FindsAnEventNobodyWrote) {
  for (std::size_t watch : {0u, 1u}) events(watch).push_back(PutEvent("x", "9", 6, 6, 1, 3));
  ExpectViolation("event without a write: put x=9");
}

TEST_F(HistoryChecksTest, FindsADuplicatedEvent) {
  events(0).insert(events(0).begin() + 4, events(0)[3]);
  ExpectViolation("plain: duplicated event put b=4");
}

TEST_F(HistoryChecksTest, FindsAReorderedEvent) {
  std::swap(events(0)[0], events(0)[3]);
  ExpectViolation("plain: reordered event");
}

TEST_F(HistoryChecksTest, FindsEventsReorderedWithinARevision) {
  std::swap(events(0)[1], events(0)[2]);
  ExpectViolation("differ at event 1");
}

TEST_F(HistoryChecksTest, FindsAMissingEvent) {
  events(1).erase(events(1).begin() + 3);
  ExpectViolation("previous: missing events between 3");
}

TEST_F(HistoryChecksTest, FindsAnEventMissingFromARevision) {
  events(1).erase(events(1).begin() + 2);
  ExpectViolation("differ at event 2");
}

TEST_F(HistoryChecksTest, FindsAWatchThatEndsEarly) {
  events(1).resize(4);
  ExpectViolation("differ at event 4");
}

TEST_F(HistoryChecksTest, FindsASplitRevision) {
  events(0)[2].batch = 2;
  ExpectViolation("plain: split revision at put b=3");
}

TEST_F(HistoryChecksTest, FindsAWrongPreviousValue) {
  events(1)[3].previous->value = "0";
  ExpectViolation("wrong previous value of put b=4");
}

TEST_F(HistoryChecksTest, FindsAMissingPreviousValue) {
  events(1)[5].previous.reset();
  ExpectViolation("wrong previous value of delete a");
}

TEST_F(HistoryChecksTest, FindsAWrongVersion) {
  for (std::size_t watch : {0u, 1u}) events(watch)[3].kv.version = 3;
  ExpectViolation("put b=4 create 3 mod 4 version 3 should be");
}

TEST_F(HistoryChecksTest, FindsAWriteOrderedBeforeAnEarlierOne) {
  history_.writes[1].start_ns = 1;
  history_.writes[1].end_ns = 5;
  ExpectViolation("real-time order: write at revision 2");
}

TEST_F(HistoryChecksTest, FindsAnUnknownWriteOrderedBeforeAnEarlierOne) {
  history_.writes[2].start_ns = 75;
  ExpectViolation("took place at 4 but began after revision 5");
}

TEST_F(HistoryChecksTest, FindsAStaleLinearizableRead) {
  history_.reads.push_back(history_.reads[3]);
  history_.reads.back().linearizable = true;
  ExpectViolation("stale linearizable read on member 2: revision 3 although 5");
}

TEST_F(HistoryChecksTest, FindsAReadFromTheFuture) {
  history_.reads[3].start_ns = 1;
  history_.reads[3].end_ns = 12;
  ExpectViolation("saw revision 3 before its write began");
}

TEST_F(HistoryChecksTest, FindsAReadThatMixesRevisions) {
  history_.reads[2].kvs[0] = events(0)[2].kv;
  ExpectViolation("read on member 0 at revision 5 shows b=3");
}

TEST_F(HistoryChecksTest, FindsAReadThatMissesAKey) {
  history_.reads[2].kvs.pop_back();
  ExpectViolation("at revision 5 shows (end) instead of c=6");
}

TEST_F(HistoryChecksTest, DoesNotJudgeWithoutAWatch) {
  history_.watches.clear();
  ExpectViolation("no watch");
}

}  // namespace
}  // namespace stele::process
