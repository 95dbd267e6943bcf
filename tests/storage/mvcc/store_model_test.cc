// Random commands, readers, compactions, flushes and crashes: the store against a dumb model.
#include "tests/storage/mvcc/store_model.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "src/storage/state_machine/state_machine.h"
#include "tests/storage/mvcc/random_commands.h"
#include "tests/storage/mvcc/test_engines.h"

namespace stele::storage {
namespace {

// Everything that the engine holds, as text.
std::string Dump(Engine& engine) {
  std::string text;
  for (int family = 0; family < kFamilies; ++family) {
    const std::shared_ptr<const EngineSnapshot> snapshot = engine.Snapshot();
    const std::unique_ptr<Iterator> iterator =
        snapshot->NewIterator(static_cast<Family>(family), "");
    for (iterator->Seek(""); iterator->Valid(); iterator->Next()) {
      text += std::to_string(family) + " " +
              ::testing::PrintToString(std::string(iterator->key())) + " = " +
              ::testing::PrintToString(std::string(iterator->value())) + "\n";
    }
  }
  return text;
}

// What one entry must lead to, whenever it is applied.
struct Expected {
  std::string result;  // empty: nobody waits
  std::int64_t revision = 0;
};

class StoreModelTest : public ::testing::TestWithParam<EngineKind> {
 protected:
  void Open() {
    StateMachineOptions options;
    options.compaction_batch = 1 + random_->Below(20);
    constexpr std::size_t kCacheBytes[] = {0, 6000, 20000, std::size_t{1} << 20};
    options.meta_cache_bytes = kCacheBytes[random_->Below(4)];
    options.value_cache_bytes = kCacheBytes[random_->Below(4)];
    options.key_counts = {.block_keys = 1 + random_->Below(3),
                          .blocks_at_once = 1 + random_->Below(2),
                          .blocks_max = 1 + random_->Below(30),
                          .steps_max = 1 + random_->Below(4),
                          .recent_bytes_max = random_->Below(4000)};
    options.empty_spans = {.passed_min = random_->Below(2),
                           .spans_max = 1 + random_->Below(40),
                           .recent_creations = random_->Below(20),
                           .join_after_revisions = static_cast<std::int64_t>(random_->Below(10))};
    auto opened = StateMachine::Open(&engine_->engine(), options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  void MakeEntry() {
    raft::Entry entry;
    entry.id = {raft::Index{log_.size() + 1}, raft::Term{term_}};
    Expected expected;
    if (random_->OneIn(30)) {
      if (random_->OneIn(2)) {
        entry.type = raft::EntryType::kConfChange;
        entry.data = "not a command";
      }
    } else {
      stelepb::Command command = random_->Next(term_, model_.compacted(), model_.current());
      if (!random_->OneIn(10)) command.set_request_id(log_.size() + 1);
      entry.data = command.SerializeAsString();
      CommandResult result = model_.Apply(term_, command);
      if (command.request_id() != 0) expected.result = DescribeResult(result);
    }
    expected.revision = model_.current();
    log_.push_back(std::move(entry));
    expected_.push_back(std::move(expected));
    compacted_at_.push_back(model_.compacted());
    if (random_->OneIn(50)) ++term_;
  }

  // Applies the log from where the store is up to its end, in passes of random length.
  void CatchUp() {
    while (store_->applied_index().value < log_.size()) {
      const std::size_t from = store_->applied_index().value;
      const std::size_t count = 1 + random_->Below(std::min<std::size_t>(log_.size() - from, 12));
      const auto first = log_.begin() + static_cast<std::ptrdiff_t>(from);
      const std::vector<raft::Entry> entries(first, first + static_cast<std::ptrdiff_t>(count));
      ApplyOutput output;
      ASSERT_TRUE(store_->Apply(entries, &output).ok());
      ASSERT_NO_FATAL_FAILURE(CheckOutput(from, count, output));
    }
  }

  void CheckOutput(std::size_t from, std::size_t count, const ApplyOutput& output) {
    ASSERT_EQ(output.applied_index.value, from + count);
    ASSERT_EQ(output.current_revision, expected_[from + count - 1].revision);
    ASSERT_EQ(output.compact_revision, compacted_at_[from + count - 1]);
    std::size_t next = 0;
    for (std::size_t i = from; i < from + count; ++i) {
      if (expected_[i].result.empty()) continue;
      ASSERT_LT(next, output.results.size());
      ASSERT_EQ(DescribeResult(output.results[next++]), expected_[i].result) << "entry " << i + 1;
    }
    ASSERT_EQ(next, output.results.size());
    const std::int64_t before = from == 0 ? 1 : expected_[from - 1].revision;
    ASSERT_EQ(static_cast<std::int64_t>(output.events.size()), output.current_revision - before);
    for (std::size_t i = 0; i < output.events.size(); ++i) {
      const EventBatch& batch = output.events[i];
      ASSERT_EQ(batch.revision, before + 1 + static_cast<std::int64_t>(i));
      std::vector<EventText> texts;
      for (Event event : batch.events) {
        auto previous = store_->View()->Previous(event);
        ASSERT_TRUE(previous.ok()) << previous.status();
        event.prev_kv = *std::move(previous);
        texts.push_back(DescribeEvent(batch.revision, event, true));
      }
      ASSERT_EQ(texts, model_.EventsOf(batch.revision));
    }
  }

  void CheckRanges(const ReadView& view) {
    for (int i = 0; i < 5; ++i) {
      const etcdserverpb::RangeRequest request =
          random_->Range(model_.compacted(), model_.current());
      etcdserverpb::RangeResponse expected;
      etcdserverpb::RangeResponse found;
      const absl::Status wanted = model_.Range(request, &expected);
      ASSERT_EQ(view.Range(request, &found), wanted) << request.ShortDebugString();
      if (!wanted.ok()) continue;
      ASSERT_EQ(found.ShortDebugString(), expected.ShortDebugString())
          << request.ShortDebugString();
      std::string encoded;
      ASSERT_TRUE(view.EncodeRange(request, &encoded).ok());
      found.clear_header();
      ASSERT_EQ(encoded, found.SerializeAsString()) << request.ShortDebugString();
    }
  }

  // A view taken before may be read later: at any revision it knows.
  void CheckOldView(const ReadView& view) {
    etcdserverpb::RangeRequest request =
        random_->Range(view.compact_revision(), view.current_revision());
    const std::int64_t lowest = std::max<std::int64_t>(view.compact_revision(), 1);
    request.set_revision(lowest +
                         static_cast<std::int64_t>(random_->Below(
                             static_cast<std::uint64_t>(view.current_revision() - lowest) + 1)));
    if (request.revision() < model_.compacted()) return;  // the model would refuse
    etcdserverpb::RangeResponse expected;
    etcdserverpb::RangeResponse found;
    ASSERT_TRUE(model_.Range(request, &expected).ok());
    ASSERT_TRUE(view.Range(request, &found).ok());
    expected.mutable_header()->set_revision(view.current_revision());
    ASSERT_EQ(found.ShortDebugString(), expected.ShortDebugString()) << request.ShortDebugString();
  }

  void CheckEvents(const ReadView& view) {
    std::string key;
    std::string range_end;
    random_->Interval(&key, &range_end);
    const bool with_prev_kv = random_->OneIn(2);
    const std::int64_t compact = view.compact_revision();
    // Exactly at the compact revision is where a compaction that takes too much shows.
    const bool at_the_edge = compact > 0 && random_->OneIn(3);
    const std::int64_t from =
        at_the_edge ? compact
                    : std::max<std::int64_t>(compact, 0) +
                          static_cast<std::int64_t>(random_->Below(
                              static_cast<std::uint64_t>(view.current_revision()) + 2 -
                              static_cast<std::uint64_t>(std::max<std::int64_t>(compact, 0))));
    std::vector<EventText> found;
    std::int64_t next = from;
    while (next <= view.current_revision()) {
      std::vector<EventBatch> batches;
      const std::int64_t before = next;
      const std::size_t bytes_max = random_->Below(200);
      const std::size_t revisions_max = 1 + random_->Below(20);
      const absl::Status status = view.ReadEvents(key, range_end, before, with_prev_kv, bytes_max,
                                                  revisions_max, &batches, &next);
      ASSERT_TRUE(status.ok()) << status;
      ASSERT_GT(next, before);
      ASSERT_LE(batches.size(), revisions_max);
      std::int64_t last = before - 1;
      for (const EventBatch& batch : batches) {
        ASSERT_GT(batch.revision, last);
        ASSERT_LT(batch.revision, next);
        ASSERT_FALSE(batch.events.empty());
        last = batch.revision;
        for (const Event& event : batch.events) {
          found.push_back(DescribeEvent(batch.revision, event, with_prev_kv));
        }
      }
    }
    ASSERT_EQ(found,
              model_.Events(key, range_end, from, view.current_revision(), compact, with_prev_kv))
        << "from " << from << " compacted " << compact;
    if (compact > 0) {
      std::vector<EventBatch> batches;
      ASSERT_EQ(
          view.ReadEvents(key, range_end, compact - 1, false, 1000, 1000, &batches, &next).code(),
          absl::StatusCode::kOutOfRange);
    }
  }

  void CheckLeases(const ReadView& view) {
    std::map<std::int64_t, std::int64_t> found;
    for (const LeaseChange& lease : view.Leases()) found[lease.id] = lease.ttl_seconds;
    ASSERT_EQ(found, model_.leases());
    const std::int64_t id = random_->LeaseId();
    ASSERT_EQ(view.LeaseKeys(id), model_.LeaseKeys(id));
    ASSERT_EQ(view.Lease(id).has_value(), model_.leases().count(id) != 0);
  }

  void Crash() {
    old_view_.reset();
    store_.reset();
    engine_->CrashAnywhere(random_->Below(1'000'000));
    Open();
    ASSERT_LE(store_->applied_index().value, log_.size());
    const absl::StatusOr<raft::EntryId> durable = store_->DurableApplied();
    ASSERT_TRUE(durable.ok());
    ASSERT_EQ(durable->index, store_->applied_index());
    ASSERT_EQ(durable->term, store_->applied_term());
    ++crashes_;
  }

  void Step() {
    for (std::uint64_t i = random_->Below(30); i > 0; --i) MakeEntry();
    ASSERT_NO_FATAL_FAILURE(CatchUp());
    const std::shared_ptr<const ReadView> view = store_->View();
    ASSERT_EQ(view->current_revision(), model_.current());
    ASSERT_EQ(view->compact_revision(), model_.compacted());
    ASSERT_NO_FATAL_FAILURE(CheckRanges(*view));
    ASSERT_NO_FATAL_FAILURE(CheckEvents(*view));
    ASSERT_NO_FATAL_FAILURE(CheckLeases(*view));
    if (old_view_ != nullptr) {
      ASSERT_NO_FATAL_FAILURE(CheckOldView(*old_view_));
    }
    if (random_->OneIn(10)) old_view_ = view;
    if (random_->OneIn(2)) {
      ASSERT_TRUE(store_->CompactStep().ok());
    }
    if (random_->OneIn(20)) {
      ASSERT_TRUE(engine_->engine().Flush().ok());
    }
  }

  // Same log, one entry at a time, no crash: the same bytes must be in the engine in the end.
  void CheckDeterminism() {
    const auto finish = [](StateMachine& store) {
      for (;;) {
        const absl::StatusOr<bool> more = store.CompactStep();
        ASSERT_TRUE(more.ok());
        if (!*more) return;
      }
    };
    ASSERT_NO_FATAL_FAILURE(finish(*store_));
    const std::unique_ptr<TestEngine> other = MakeTestEngine(EngineKind::kMem);
    auto replay = StateMachine::Open(&other->engine(), {});
    ASSERT_TRUE(replay.ok());
    for (const raft::Entry& entry : log_) {
      ApplyOutput output;
      ASSERT_TRUE((*replay)->Apply({entry}, &output).ok());
    }
    ASSERT_NO_FATAL_FAILURE(finish(**replay));
    ASSERT_EQ(Dump(engine_->engine()), Dump(other->engine()));
    ASSERT_TRUE(store_->CompactionFinished(model_.compacted()));
  }

  void Run(std::uint64_t seed, int steps) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_ = std::make_unique<RandomCommands>(seed);
    engine_ = MakeTestEngine(GetParam());
    model_ = StoreModel();
    log_.clear();
    expected_.clear();
    compacted_at_.clear();
    term_ = 2;
    Open();
    for (int i = 0; i < steps; ++i) {
      ASSERT_NO_FATAL_FAILURE(Step()) << "step " << i;
      if (random_->OneIn(12)) {
        ASSERT_NO_FATAL_FAILURE(Crash());
      }
    }
    ASSERT_NO_FATAL_FAILURE(CatchUp());
    ASSERT_NO_FATAL_FAILURE(CheckDeterminism());
    old_view_.reset();
    store_.reset();
  }

  std::unique_ptr<RandomCommands> random_;
  std::unique_ptr<TestEngine> engine_;
  std::unique_ptr<StateMachine> store_;
  std::shared_ptr<const ReadView> old_view_;
  StoreModel model_;
  std::vector<raft::Entry> log_;
  std::vector<Expected> expected_;
  std::vector<std::int64_t> compacted_at_;
  std::uint64_t term_ = 2;
  int crashes_ = 0;
};

TEST_P(StoreModelTest, AgreesWithTheModel) {
  const bool fast = GetParam() == EngineKind::kMem;
  const std::uint64_t seeds = fast ? 100 : 8;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    ASSERT_NO_FATAL_FAILURE(Run(seed, 60));
  }
  EXPECT_GT(crashes_, 3);
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreModelTest,
                         ::testing::Values(EngineKind::kMem, EngineKind::kRocks),
                         [](const auto& tested) {
                           return tested.param == EngineKind::kMem ? "Mem" : "Rocks";
                         });

}  // namespace
}  // namespace stele::storage
