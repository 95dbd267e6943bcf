// The parts that the core is made of, each alone.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "src/raft/apply_window.h"
#include "src/raft/inflights.h"
#include "src/raft/progress.h"
#include "src/raft/raft_log.h"
#include "src/raft/read_queue.h"
#include "src/raft/unstable_log.h"
#include "tests/raft/memory_log.h"

namespace stele::raft {
namespace {

Entry At(std::uint64_t index, std::uint64_t term, const char* data = "") {
  return {{Index{index}, Term{term}}, EntryType::kNormal, Payload(data)};
}

TEST(InflightsTest, IsBoundedInAppendsAndBytes) {
  Inflights window(20, 100);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    EXPECT_FALSE(window.Full());
    window.Add(Index{i}, 1);
  }
  EXPECT_TRUE(window.Full());
  window.FreeTo(Index{5});
  EXPECT_EQ(window.count(), 15U);
  EXPECT_EQ(window.bytes(), 15U);
  window.Add(Index{21}, 85);
  EXPECT_TRUE(window.Full());
  window.FreeTo(Index{20});
  EXPECT_EQ(window.count(), 1U);
  window.FreeTo(Index{21});
  EXPECT_EQ(window.bytes(), 0U);
  window.Add(Index{22}, 1000);  // one is always let in
  EXPECT_TRUE(window.Full());
  window.Clear();
  EXPECT_FALSE(window.Full());
}

TEST(ProgressTest, RefusalsMoveStrictlyBackAndStaleOnesDoNothing) {
  Progress progress(NodeId{2}, Index{10}, Inflights(4, 100));
  progress.OnSent(0, 0, Index{0});
  EXPECT_TRUE(progress.IsSilenced());
  EXPECT_FALSE(progress.OnRejected(Index{5}, Index{4}));
  EXPECT_TRUE(progress.OnRejected(Index{9}, Index{9}));  // a hint that does not help
  EXPECT_EQ(progress.next_index(), Index{9});
  EXPECT_FALSE(progress.IsSilenced());
  EXPECT_FALSE(progress.OnRejected(Index{9}, Index{3}));  // the same again
  EXPECT_TRUE(progress.OnRejected(Index{8}, Index{3}));
  EXPECT_EQ(progress.next_index(), Index{4});
  EXPECT_TRUE(progress.OnAccepted(Index{3}));
  progress.BecomeReplicate();
  progress.OnSent(2, 10, Index{0});
  EXPECT_EQ(progress.next_index(), Index{6});
  EXPECT_FALSE(progress.OnRejected(Index{3}, Index{0}));  // it has acknowledged that
  EXPECT_FALSE(progress.OnRejected(Index{6}, Index{0}));  // never sent
  EXPECT_TRUE(progress.OnRejected(Index{5}, Index{0}));
  EXPECT_EQ(progress.state(), ProgressState::kProbe);
  EXPECT_EQ(progress.next_index(), Index{4});
}

TEST(ProgressTest, SnapshotSilencesUntilItIsSettled) {
  Progress progress(NodeId{2}, Index{5}, Inflights(4, 100));
  progress.BecomeSnapshot(Index{20});
  EXPECT_TRUE(progress.IsSilenced());
  progress.AbortSnapshot();
  EXPECT_EQ(progress.next_index(), Index{1});
  progress.BecomeSnapshot(Index{20});
  progress.BecomeProbe();
  EXPECT_EQ(progress.next_index(), Index{21});
}

TEST(UnstableLogTest, TruncationInFlightVoidsWhatWasTaken) {
  UnstableLog log(Index{5});
  log.Append({At(5, 1), At(6, 1), At(7, 1)});
  std::vector<Entry> taken;
  std::optional<SnapshotMeta> snapshot;
  log.Take(&taken, &snapshot);
  EXPECT_EQ(taken.size(), 3U);
  EXPECT_FALSE(log.HasUntaken());
  log.Append({At(6, 2)});
  EXPECT_TRUE(log.HasUntaken());
  log.OnPersisted();
  EXPECT_EQ(log.offset(), Index{6});  // only 5/1 is durable and still in the log
  EXPECT_EQ(log.last_index(), Index{6});
  log.Take(&taken, &snapshot);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken.front(), At(6, 2));
  log.OnPersisted();
  EXPECT_EQ(log.offset(), Index{7});
}

TEST(UnstableLogTest, TruncationBelowWhatIsDurable) {
  UnstableLog log(Index{5});
  log.Append({At(5, 1)});
  std::vector<Entry> taken;
  std::optional<SnapshotMeta> snapshot;
  log.Take(&taken, &snapshot);
  log.Append({At(3, 2), At(4, 2)});
  EXPECT_EQ(log.offset(), Index{3});
  EXPECT_EQ(log.last_index(), Index{4});
  log.OnPersisted();
  EXPECT_EQ(log.offset(), Index{3});
  log.Take(&taken, &snapshot);
  EXPECT_EQ(taken.size(), 2U);
}

TEST(UnstableLogTest, SecondSnapshotWhileTheFirstIsInFlight) {
  UnstableLog log(Index{1});
  std::vector<Entry> taken;
  std::optional<SnapshotMeta> snapshot;
  log.Restore({{Index{10}, Term{1}}, {}});
  log.Take(&taken, &snapshot);
  ASSERT_TRUE(snapshot.has_value());
  log.Restore({{Index{20}, Term{1}}, {}});
  log.OnPersisted();
  ASSERT_TRUE(log.snapshot().has_value());
  EXPECT_EQ(log.snapshot()->last.index, Index{20});
  snapshot.reset();
  log.Append({At(21, 1)});
  log.Take(&taken, &snapshot);
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(taken.size(), 1U);
  log.OnPersisted();
  EXPECT_FALSE(log.snapshot().has_value());
  EXPECT_EQ(log.offset(), Index{22});
}

TEST(RaftLogTest, TermsOfReleasedEntriesAreUnknown) {
  MemoryLog stored({{}, {}});
  stored.Append({At(1, 1), At(2, 1), At(3, 2), At(4, 2)});
  stored.Compact(Index{2});
  RaftLog log(stored, Index{3}, Index{2}, 100);
  EXPECT_EQ(log.TermAt(Index{1}), std::nullopt);
  EXPECT_EQ(log.TermAt(Index{2}), Term{1});
  EXPECT_EQ(log.TermAt(Index{4}), Term{2});
  EXPECT_EQ(log.TermAt(Index{5}), std::nullopt);
  EXPECT_FALSE(log.Matches({Index{1}, Term{0}}));
  std::vector<Entry> entries;
  EXPECT_FALSE(log.Read(Index{2}, 100, &entries));
  EXPECT_TRUE(log.Read(Index{3}, 100, &entries));
  EXPECT_EQ(entries.size(), 2U);
}

TEST(RaftLogTest, ReadsAcrossTheEndOfTheDurablePart) {
  MemoryLog stored({{}, {}});
  stored.Append({At(1, 1, "aaaa"), At(2, 1, "bbbb")});
  RaftLog log(stored, Index{0}, Index{0}, 100);
  log.Append({At(3, 1, "cccc"), At(4, 1, "dddd")});
  const auto count = [&log](std::uint64_t from, std::uint64_t bytes_max) {
    std::vector<Entry> entries;
    EXPECT_TRUE(log.Read(Index{from}, bytes_max, &entries));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      EXPECT_EQ(entries[i].id.index.value, from + i);
    }
    return entries.size();
  };
  EXPECT_EQ(count(1, 0), 1U);
  EXPECT_EQ(count(1, 8), 2U);
  EXPECT_EQ(count(1, 12), 3U);
  EXPECT_EQ(count(1, 15), 3U);
  EXPECT_EQ(count(1, 16), 4U);
  EXPECT_EQ(count(3, 0), 1U);
  EXPECT_EQ(count(4, 100), 1U);
  EXPECT_EQ(count(5, 100), 0U);
}

TEST(RaftLogTest, LastWithTermAtMostIsWhatALookAtEveryEntrySays) {
  MemoryLog stored({{}, {}});
  stored.Append({At(1, 1), At(2, 1), At(3, 3), At(4, 3), At(5, 6), At(6, 6), At(7, 9)});
  RaftLog log(stored, Index{0}, Index{0}, 100);
  for (std::uint64_t floor = 0; floor <= 7; ++floor) {
    for (std::uint64_t ceiling = 0; ceiling <= 7; ++ceiling) {
      for (std::uint64_t term = 0; term <= 10; ++term) {
        std::optional<Index> expected;
        for (std::uint64_t i = floor; i <= ceiling; ++i) {
          if (*log.TermAt(Index{i}) <= Term{term}) expected = Index{i};
        }
        EXPECT_EQ(log.LastWithTermAtMost(Term{term}, Index{floor}, Index{ceiling}), expected);
      }
    }
  }
}

TEST(ApplyWindowTest, CountsBytesUntilApplied) {
  ApplyWindow window(Index{3}, 10);
  window.HandOut(Index{4}, 6);
  EXPECT_EQ(window.bytes_free(), 4U);
  window.HandOut(Index{6}, 6);
  EXPECT_EQ(window.bytes_free(), 0U);
  window.OnApplied(Index{5});  // half a batch frees nothing of it
  EXPECT_EQ(window.bytes_free(), 4U);
  window.OnApplied(Index{2});  // old news
  EXPECT_EQ(window.applied_index(), Index{5});
  window.SkipTo(Index{50});
  window.OnApplied(Index{50});
  EXPECT_EQ(window.bytes_free(), 10U);
}

TEST(ReadQueueTest, AnAnswerServesItsRoundAndAllBefore) {
  ReadQueue queue(4);
  EXPECT_TRUE(queue.Add({NodeId{1}, 1}));
  queue.StartBatch(10, Index{5});
  EXPECT_TRUE(queue.Add({NodeId{1}, 2}));
  EXPECT_TRUE(queue.Add({NodeId{1}, 3}));
  queue.StartBatch(12, Index{6});
  EXPECT_TRUE(queue.Add({NodeId{1}, 4}));
  EXPECT_FALSE(queue.Add({NodeId{1}, 5}));
  EXPECT_TRUE(queue.TakeConfirmed(9).empty());
  EXPECT_TRUE(queue.TakeAnswered(11).empty());
  EXPECT_EQ(queue.TakeConfirmed(11).size(), 1U);
  queue.StartBatch(13, Index{7});
  EXPECT_EQ(queue.TakeAnswered(13).size(), 2U);
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_TRUE(queue.Add({NodeId{1}, 6}));
  queue.StartBatch(14, Index{7});
  EXPECT_TRUE(queue.Add({NodeId{1}, 7}));
  EXPECT_EQ(queue.TakeAll().size(), 2U);
  EXPECT_FALSE(queue.HasBatches());
  EXPECT_FALSE(queue.HasWaiting());
}

}  // namespace
}  // namespace stele::raft
