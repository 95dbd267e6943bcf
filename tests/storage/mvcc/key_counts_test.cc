#include "src/storage/mvcc/key_counts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/storage/engine/mem_engine.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {
namespace {

constexpr KeyCountLimits kSmall = {.block_keys = 4, .blocks_at_once = 2, .steps_max = 3};
const std::string kEnd(1, '\0');

// Keys in memory; counts how many a scan has shown.
class CountedSource : public KeySource {
 public:
  explicit CountedSource(const std::set<std::string>& keys) : keys_(keys) {}

  absl::StatusOr<std::optional<KeyMeta>> Find(std::string_view /*key*/) const override {
    return absl::UnimplementedError("not asked for");
  }
  std::unique_ptr<KeyCursor> Scan(const KeyInterval& interval) const override {
    return std::make_unique<Cursor>(*this, interval);
  }
  absl::Status Load(std::string_view /*key*/, const KeyMeta& /*meta*/,
                    mvccpb::KeyValue* /*kv*/) const override {
    return absl::UnimplementedError("not asked for");
  }
  int shown() const { return shown_; }

 private:
  class Cursor : public KeyCursor {
   public:
    Cursor(const CountedSource& source, const KeyInterval& interval)
        : source_(source),
          next_(source.keys_.lower_bound(interval.begin())),
          end_(interval.unbounded() ? source.keys_.end()
                                    : source.keys_.lower_bound(interval.end())) {}
    bool Valid() const override { return next_ != end_; }
    void Next() override {
      ++source_.shown_;
      ++next_;
    }
    std::string_view key() const override { return *next_; }
    const KeyMeta& meta() const override { return meta_; }
    absl::Status status() const override { return absl::OkStatus(); }

   private:
    const CountedSource& source_;
    std::set<std::string>::const_iterator next_;
    std::set<std::string>::const_iterator end_;
    KeyMeta meta_;
  };

  const std::set<std::string>& keys_;
  mutable int shown_ = 0;
};

std::string KeyOf(int i) { return absl::StrCat("k", 1000 + i); }

Event Created(const std::string& key) {
  Event event;
  auto kv = std::make_shared<mvccpb::KeyValue>();
  kv->set_key(key);
  event.kv = std::move(kv);
  return event;
}

Event Deleted(const std::string& key) {
  Event event = Created(key);
  event.type = mvccpb::Event::DELETE;
  event.prev = {1, 0};
  return event;
}

// Counts beside the truth.
class KeyCountsTest : public ::testing::Test {
 protected:
  explicit KeyCountsTest(const KeyCountLimits& limits = kSmall) : counts_(limits) {
    for (int i = 0; i < 100; ++i) keys_.insert(KeyOf(i));
    history_[revision_] = keys_;
    counts_.Record({}, revision_);
  }

  void Change(const std::vector<Event>& events) {
    ++revision_;
    for (const Event& event : events) {
      if (event.type == mvccpb::Event::DELETE) {
        keys_.erase(event.kv->key());
      } else {
        keys_.insert(event.kv->key());
      }
    }
    history_[revision_] = keys_;
    const EventBatch batch{revision_, events};
    counts_.Record({&batch, 1}, revision_);
  }

  // Right at the revision; tells how many keys were read for it.
  int Count(const std::string& key, const std::string& range_end, std::int64_t revision) {
    const CountedSource source(history_.at(revision));
    const KeyInterval interval(key, range_end);
    const auto count = CountKeys(source, interval, revision, &counts_);
    const CountedSource truth(history_.at(revision));
    EXPECT_EQ(*count, *truth.Count(interval)) << key << " at " << revision;
    return source.shown();
  }
  int CountAll() { return Count("k", kEnd, revision_); }

  KeyCounts counts_;
  std::set<std::string> keys_;
  std::map<std::int64_t, std::set<std::string>> history_;
  std::int64_t revision_ = 10;
};

TEST_F(KeyCountsTest, ReadsNoBlockTwice) {
  EXPECT_EQ(CountAll(), 100);
  EXPECT_LE(CountAll(), 4);
  EXPECT_LE(Count(KeyOf(50), kEnd, revision_), 8);
  EXPECT_LE(Count(KeyOf(13), KeyOf(83), revision_), 8);
  EXPECT_EQ(Count(KeyOf(13), KeyOf(14), revision_), 1);
}

TEST_F(KeyCountsTest, LearnsNothingFromAFewKeys) {
  EXPECT_EQ(Count("k", KeyOf(5), revision_), 5);
  EXPECT_EQ(Count("k", KeyOf(5), revision_), 5);
}

TEST_F(KeyCountsTest, FollowsCreationsAndDeletions) {
  CountAll();
  Change({Created("k1010a")});
  Change({Deleted(KeyOf(10)), Deleted(KeyOf(60))});
  Change({Deleted("k1010a"), Created("k1010a"), Created("k1010b")});
  EXPECT_LE(CountAll(), 4);
  for (std::int64_t revision = 11; revision <= revision_; ++revision) {
    EXPECT_LE(Count("k", kEnd, revision), 4) << revision;
  }
}

TEST_F(KeyCountsTest, AnUpdateChangesNoCount) {
  CountAll();
  Event update = Created(KeyOf(3));
  update.prev = {5, 0};
  Change({update});
  EXPECT_LE(CountAll(), 4);
}

TEST_F(KeyCountsTest, ReadsABlockWhoseChangesItForgot) {
  CountAll();
  for (int i = 0; i < 3; ++i) {
    Change({Created("k1010a")});
    Change({Deleted("k1010a")});
  }
  EXPECT_LE(CountAll(), 4);
  EXPECT_GE(Count("k", kEnd, 10), 4);
  EXPECT_LE(Count("k", kEnd, 10), 12);
}

TEST_F(KeyCountsTest, ABlockThatGrewIsReadAnew) {
  CountAll();
  for (int i = 0; i < 40; ++i) Change({Created(absl::StrCat("k1010", 100 + i))});
  EXPECT_GE(CountAll(), 16);
  EXPECT_LE(CountAll(), 8);
}

TEST_F(KeyCountsTest, ABlockWithoutKeysIsForgotten) {
  CountAll();
  for (int i = 0; i < 100; ++i) Change({Deleted(KeyOf(i))});
  EXPECT_EQ(CountAll(), 0);
  for (int i = 0; i < 100; ++i) Change({Created(KeyOf(i))});
  EXPECT_GE(CountAll(), 96);
  EXPECT_LE(CountAll(), 4);
}

TEST_F(KeyCountsTest, WhatIsLearnedLateIsBroughtUpToDate) {
  CountAll();  // from now on changes are recorded
  Change({Deleted(KeyOf(20))});
  Change({Created("l0"), Created("l1"), Created("l2"), Created("l3"), Created("l4"), Created("l5"),
          Created("l6"), Created("l7"), Created("l8"), Created("l9")});
  const std::int64_t before = revision_;
  Change({Created("l31"), Deleted("l4")});
  EXPECT_GE(Count("k", kEnd, before), 10);
  EXPECT_LE(CountAll(), 8);
  EXPECT_LE(Count("k", kEnd, before), 8);
}

class ForgetfulKeyCountsTest : public KeyCountsTest {
 protected:
  ForgetfulKeyCountsTest()
      : KeyCountsTest(
            {.block_keys = 4, .blocks_at_once = 2, .blocks_max = 10, .recent_bytes_max = 200}) {}
};

TEST_F(ForgetfulKeyCountsTest, WhatIsTooOldIsNotLearned) {
  const std::int64_t before = revision_;
  Count("k", KeyOf(9), revision_);
  for (int i = 0; i < 10; ++i) Change({Deleted(KeyOf(40 + i))});
  EXPECT_GE(Count("k", kEnd, before), 90);
  CountAll();
}

TEST_F(ForgetfulKeyCountsTest, KeepsNoMoreBlocksThanItMay) {
  EXPECT_EQ(CountAll(), 100);
  EXPECT_EQ(CountAll(), 60);
}

// Readers of views of all ages, beside the apply thread.
TEST(KeyCountsThreadsTest, CountsAreThoseOfTheView) {
  MemEngine engine;
  StateMachineOptions options;
  options.key_counts = {
      .block_keys = 3, .blocks_at_once = 1, .steps_max = 2, .recent_bytes_max = 2000};
  const auto store = StateMachine::Open(&engine, options);
  ASSERT_TRUE(store.ok());
  std::atomic<bool> done = false;
  const auto read = [&] {
    while (!done) {
      const std::shared_ptr<const ReadView> view = (*store)->View();
      for (const std::int64_t age : {0, 0, 3, 40}) {
        etcdserverpb::RangeRequest request;
        request.set_key(KeyOf(static_cast<int>(view->current_revision()) % 50));
        request.set_range_end(kEnd);
        request.set_keys_only(true);
        request.set_revision(std::max<std::int64_t>(view->current_revision() - age, 1));
        etcdserverpb::RangeResponse all;
        ASSERT_TRUE(view->Range(request, &all).ok());
        request.set_limit(2);
        etcdserverpb::RangeResponse page;
        ASSERT_TRUE(view->Range(request, &page).ok());
        ASSERT_EQ(page.count(), all.kvs_size());
        ASSERT_EQ(page.more(), all.kvs_size() > 2);
      }
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) readers.emplace_back(read);
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    stelepb::Command command;
    const std::string key = KeyOf(static_cast<int>(i * 7919 % 100));
    if (i % 3 == 0) {
      command.mutable_delete_range()->set_key(key);
    } else {
      command.mutable_put()->set_key(key);
    }
    raft::Entry entry;
    entry.id = {raft::Index{i}, raft::Term{1}};
    entry.data = command.SerializeAsString();
    ApplyOutput output;
    ASSERT_TRUE((*store)->Apply({entry}, &output).ok());
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace stele::storage
