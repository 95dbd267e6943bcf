// What every engine promises, run against each of them.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/storage/mvcc/test_engines.h"

namespace stele::storage {
namespace {

class EngineContractTest : public ::testing::TestWithParam<EngineKind> {
 protected:
  EngineContractTest() : bench_(MakeTestEngine(GetParam())) {}

  Engine& engine() { return bench_->engine(); }

  void Put(Family family, const std::string& key, const std::string& value) {
    const std::unique_ptr<WriteBatch> batch = engine().NewBatch();
    batch->Put(family, key, value);
    ASSERT_TRUE(engine().Write(batch.get()).ok());
  }

  static std::string Get(const EngineSnapshot& snapshot, Family family, const std::string& key) {
    auto value = snapshot.Get(family, key);
    EXPECT_TRUE(value.ok()) << value.status();
    if (!value.ok() || !*value) return "(none)";
    return **value;
  }
  std::string Get(Family family, const std::string& key) {
    return Get(*engine().Snapshot(), family, key);
  }
  std::string Durable(const std::string& key) {
    auto value = engine().DurableMeta(key);
    EXPECT_TRUE(value.ok()) << value.status();
    if (!value.ok() || !*value) return "(none)";
    return **value;
  }

  static std::string Keys(const EngineSnapshot& snapshot, Family family, const std::string& from,
                          const std::string& bound) {
    const std::unique_ptr<Iterator> iterator = snapshot.NewIterator(family, bound);
    std::string keys;
    for (iterator->Seek(from); iterator->Valid(); iterator->Next()) {
      keys.append(iterator->key());
      keys.push_back(' ');
    }
    EXPECT_TRUE(iterator->status().ok());
    return keys;
  }

  std::unique_ptr<TestEngine> bench_;
};

TEST_P(EngineContractTest, BatchIsAppliedInOrderAndFamiliesAreSeparate) {
  const std::unique_ptr<WriteBatch> batch = engine().NewBatch();
  batch->Put(Family::kKey, "a", "1");
  batch->Put(Family::kKey, "a", "2");
  batch->Put(Family::kRev, "a", "other");
  batch->Put(Family::kMeta, "gone", "x");
  batch->Delete(Family::kMeta, "gone");
  EXPECT_GT(batch->ByteSize(), 0U);
  ASSERT_TRUE(engine().Write(batch.get()).ok());
  EXPECT_EQ(Get(Family::kKey, "a"), "2");
  EXPECT_EQ(Get(Family::kRev, "a"), "other");
  EXPECT_EQ(Get(Family::kMeta, "gone"), "(none)");
  EXPECT_EQ(Get(Family::kHistory, "a"), "(none)");
}

TEST_P(EngineContractTest, ClearedBatchIsReusable) {
  const std::unique_ptr<WriteBatch> batch = engine().NewBatch();
  batch->Put(Family::kKey, "a", "1");
  batch->Clear();
  batch->Put(Family::kKey, "b", "2");
  ASSERT_TRUE(engine().Write(batch.get()).ok());
  EXPECT_EQ(Get(Family::kKey, "a"), "(none)");
  EXPECT_EQ(Get(Family::kKey, "b"), "2");
}

TEST_P(EngineContractTest, SnapshotDoesNotChange) {
  Put(Family::kKey, "a", "old");
  const std::shared_ptr<const EngineSnapshot> before = engine().Snapshot();
  Put(Family::kKey, "a", "new");
  Put(Family::kKey, "b", "new");
  ASSERT_TRUE(engine().Flush().ok());
  EXPECT_EQ(Get(*before, Family::kKey, "a"), "old");
  EXPECT_EQ(Keys(*before, Family::kKey, "", ""), "a ");
  EXPECT_EQ(Get(Family::kKey, "a"), "new");
}

TEST_P(EngineContractTest, IteratorOrderIsUnsignedBytewise) {
  const std::string nul("k\0", 2);
  for (const std::string& key : {std::string("k\xff"), std::string("k"), nul, std::string("k\x7f"),
                                 std::string("k\x80"), std::string("j")}) {
    Put(Family::kKey, key, "");
  }
  const std::shared_ptr<const EngineSnapshot> snapshot = engine().Snapshot();
  EXPECT_EQ(Keys(*snapshot, Family::kKey, "", ""), std::string("j k k\0 k\x7f k\x80 k\xff ", 16));
  EXPECT_EQ(Keys(*snapshot, Family::kKey, nul, "k\xff"), std::string("k\0 k\x7f k\x80 ", 9));
}

TEST_P(EngineContractTest, IteratorMovesBothWaysWithinItsBound) {
  for (const char* key : {"a", "c", "e", "g"}) Put(Family::kKey, key, key);
  const std::unique_ptr<Iterator> iterator = engine().Snapshot()->NewIterator(Family::kKey, "f");
  EXPECT_FALSE(iterator->Valid());
  iterator->Seek("b");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "c");
  EXPECT_EQ(iterator->value(), "c");
  iterator->Prev();
  EXPECT_EQ(iterator->key(), "a");
  iterator->Prev();
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekForPrev("d");
  EXPECT_EQ(iterator->key(), "c");
  iterator->SeekForPrev("zzz");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "e");
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().ok());
}

TEST_P(EngineContractTest, DurableMetaMovesOnlyWithFlush) {
  EXPECT_EQ(Durable("applied"), "(none)");
  Put(Family::kMeta, "applied", "1");
  EXPECT_EQ(Durable("applied"), "(none)");
  ASSERT_TRUE(engine().Flush().ok());
  EXPECT_EQ(Durable("applied"), "1");
  Put(Family::kMeta, "applied", "2");
  Put(Family::kKey, "a", "2");
  EXPECT_EQ(Durable("applied"), "1");
  ASSERT_TRUE(engine().Flush().ok());
  EXPECT_EQ(Durable("applied"), "2");
}

TEST_P(EngineContractTest, CrashFallsBackToTheLastFlushInAllFamilies) {
  Put(Family::kKey, "a", "1");
  Put(Family::kMeta, "applied", "1");
  ASSERT_TRUE(engine().Flush().ok());
  Put(Family::kKey, "a", "2");
  Put(Family::kRev, "r", "2");
  Put(Family::kMeta, "applied", "2");
  const std::string durable = Durable("applied");
  bench_->CrashAndReopen();
  EXPECT_EQ(Get(Family::kMeta, "applied"), durable);
  EXPECT_EQ(Get(Family::kKey, "a"), "1");
  EXPECT_EQ(Get(Family::kRev, "r"), "(none)");
  EXPECT_EQ(Durable("applied"), durable);
}

TEST_P(EngineContractTest, EverythingFlushedSurvivesACrash) {
  for (int i = 0; i < 1000; ++i) {
    Put(static_cast<Family>(i % kFamilies), "key" + std::to_string(i), std::string(100, 'v'));
  }
  ASSERT_TRUE(engine().Flush().ok());
  bench_->CrashAndReopen();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(Get(static_cast<Family>(i % kFamilies), "key" + std::to_string(i)),
              std::string(100, 'v'));
  }
}

TEST_P(EngineContractTest, CheckpointHoldsAllThatWasWrittenAndStaysAsItIs) {
  Put(Family::kKey, "a", "1");
  Put(Family::kMeta, "applied", "1");
  const std::string dir = bench_->SiblingDir("checkpoint");
  ASSERT_TRUE(engine().Checkpoint(dir).ok());
  EXPECT_EQ(Durable("applied"), "1");
  EXPECT_FALSE(engine().Checkpoint(dir).ok());
  Put(Family::kKey, "a", "2");
  ASSERT_TRUE(engine().Flush().ok());

  const std::unique_ptr<Engine> copy = bench_->OpenDir(dir);
  EXPECT_EQ(Get(*copy->Snapshot(), Family::kKey, "a"), "1");
  EXPECT_EQ(Get(*copy->Snapshot(), Family::kMeta, "applied"), "1");
  EXPECT_EQ(Get(Family::kKey, "a"), "2");
}

// The engine may flush whenever it likes; DurableMeta must tell the truth about it.
TEST_P(EngineContractTest, DurableMetaIsExactlyWhatACrashLeaves) {
  const std::string value(4000, 'v');
  std::uint64_t flushes_seen = 0;
  std::string last = "(none)";
  for (int i = 1; i <= 10000; ++i) {
    const std::unique_ptr<WriteBatch> batch = engine().NewBatch();
    const std::string number = std::to_string(i);
    batch->Put(Family::kRev, number, value);
    batch->Put(Family::kKey, "count", number);
    batch->Put(Family::kMeta, "applied", number);
    ASSERT_TRUE(engine().Write(batch.get()).ok());
    if (i % 64 != 0) continue;
    const std::string durable = Durable("applied");
    if (durable != last) ++flushes_seen;
    last = durable;
  }
  EXPECT_GT(flushes_seen, 0U) << "the engine never flushed of its own accord";
  const std::string before = Durable("applied");
  bench_->CrashAndReopen();
  const std::string after = Durable("applied");
  // A flush may have ended between the question and the crash.
  EXPECT_GE(std::stoi(after), std::stoi(before));
  EXPECT_EQ(Get(Family::kMeta, "applied"), after);
  EXPECT_EQ(Get(Family::kKey, "count"), after);
  EXPECT_EQ(Get(Family::kRev, after), value);
  EXPECT_EQ(Get(Family::kRev, std::to_string(std::stoi(after) + 1)), "(none)");
}

TEST_P(EngineContractTest, StatsCountWhatIsStored) {
  Put(Family::kRev, "a", std::string(100'000, 'x'));
  ASSERT_TRUE(engine().Flush().ok());
  EXPECT_GT(engine().Stats().bytes_on_disk, 0U);
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineContractTest,
                         ::testing::Values(EngineKind::kMem, EngineKind::kRocks),
                         [](const auto& tested) {
                           return tested.param == EngineKind::kMem ? "Mem" : "Rocks";
                         });

TEST(MemEngineTest, CrashKeepsAnyPrefixOfTheUnflushedBatches) {
  for (std::size_t kept = 0; kept <= 3; ++kept) {
    MemEngine engine;
    for (int i = 0; i <= 3; ++i) {
      const std::unique_ptr<WriteBatch> batch = engine.NewBatch();
      batch->Put(Family::kMeta, "applied", std::to_string(i));
      ASSERT_TRUE(engine.Write(batch.get()).ok());
      if (i == 0) {
        ASSERT_TRUE(engine.Flush().ok());
      }
    }
    ASSERT_EQ(engine.UnflushedBatches(), 3U);
    engine.CrashKeeping(kept);
    EXPECT_EQ(**engine.Snapshot()->Get(Family::kMeta, "applied"), std::to_string(kept));
    EXPECT_EQ(**engine.DurableMeta("applied"), std::to_string(kept));
  }
}

TEST(MemEngineTest, DiskOutlivesTheEngine) {
  const auto disk = std::make_shared<MemDisk>();
  {
    MemEngine engine(disk, "db");
    const std::unique_ptr<WriteBatch> batch = engine.NewBatch();
    batch->Put(Family::kMeta, "a", "flushed");
    ASSERT_TRUE(engine.Write(batch.get()).ok());
    ASSERT_TRUE(engine.Flush().ok());
    batch->Clear();
    batch->Put(Family::kMeta, "a", "lost");
    ASSERT_TRUE(engine.Write(batch.get()).ok());
  }
  MemEngine reopened(disk, "db");
  EXPECT_EQ(**reopened.Snapshot()->Get(Family::kMeta, "a"), "flushed");
}

}  // namespace
}  // namespace stele::storage
