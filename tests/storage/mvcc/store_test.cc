// What the scripts cannot say: how entries advance the store, what a restart and a count cost, and
// what stops the process.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "src/storage/deep_message.h"
#include "src/storage/engine/mem_engine.h"
#include "src/storage/state_machine/state_machine.h"
#include "src/storage/state_machine/stored_state.h"

namespace stele::storage {
namespace {

const std::string kAllKeys(1, '\0');

// Counts what is read from each family of the engine below.
struct ReadCounts {
  std::atomic<int> gets[kFamilies] = {};
  std::atomic<int> moves[kFamilies] = {};
  int writes = 0;
};

class CountingIterator : public Iterator {
 public:
  CountingIterator(std::unique_ptr<Iterator> below, std::atomic<int>* moves)
      : below_(std::move(below)), moves_(moves) {}
  bool Valid() const override { return below_->Valid(); }
  void Seek(std::string_view target) override { ++*moves_, below_->Seek(target); }
  void SeekForPrev(std::string_view target) override { ++*moves_, below_->SeekForPrev(target); }
  void Next() override { ++*moves_, below_->Next(); }
  void Prev() override { ++*moves_, below_->Prev(); }
  std::string_view key() const override { return below_->key(); }
  std::string_view value() const override { return below_->value(); }
  absl::Status status() const override { return below_->status(); }

 private:
  const std::unique_ptr<Iterator> below_;
  std::atomic<int>* const moves_;
};

class CountingSnapshot : public EngineSnapshot {
 public:
  CountingSnapshot(std::shared_ptr<const EngineSnapshot> below, ReadCounts* counts)
      : below_(std::move(below)), counts_(counts) {}
  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 std::string_view key) const override {
    ++counts_->gets[static_cast<int>(family)];
    return below_->Get(family, key);
  }
  std::unique_ptr<Iterator> NewIterator(Family family,
                                        std::string_view upper_bound) const override {
    return std::make_unique<CountingIterator>(below_->NewIterator(family, upper_bound),
                                              &counts_->moves[static_cast<int>(family)]);
  }

 private:
  const std::shared_ptr<const EngineSnapshot> below_;
  ReadCounts* const counts_;
};

class CountingEngine : public MemEngine {
 public:
  std::shared_ptr<const EngineSnapshot> Snapshot() override {
    return std::make_shared<const CountingSnapshot>(MemEngine::Snapshot(), &counts);
  }
  absl::Status Write(WriteBatch* batch) override {
    ++counts.writes;
    return MemEngine::Write(batch);
  }
  void Reset() {
    for (auto& count : counts.gets) count = 0;
    for (auto& count : counts.moves) count = 0;
    counts.writes = 0;
  }

  ReadCounts counts;
};

stelepb::Command PutCommand(const std::string& key, const std::string& value) {
  stelepb::Command command;
  command.set_request_id(1);
  command.mutable_put()->set_key(key);
  command.mutable_put()->set_value(value);
  return command;
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Open(); }

  void Open() {
    store_.reset();
    auto opened = StateMachine::Open(&engine_, {});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  raft::Entry MakeEntry(raft::EntryType type, std::string data) {
    return {{raft::Index{++last_index_}, raft::Term{3}}, type, std::move(data)};
  }

  ApplyOutput Apply(const std::vector<std::string>& datas,
                    raft::EntryType type = raft::EntryType::kNormal) {
    std::vector<raft::Entry> entries;
    for (const std::string& data : datas) {
      entries.push_back(data.empty() ? MakeEntry(type, "") : MakeEntry(type, data));
      if (data.empty()) entries.back().data = raft::Payload();
    }
    ApplyOutput output;
    EXPECT_TRUE(store_->Apply(entries, &output).ok());
    return output;
  }
  ApplyOutput Put(const std::string& key, const std::string& value) {
    return Apply({PutCommand(key, value).SerializeAsString()});
  }
  void PutMany(int count) {
    std::vector<std::string> datas;
    for (int i = 0; i < count; ++i) {
      datas.push_back(PutCommand("key" + std::to_string(i), "value").SerializeAsString());
    }
    Apply(datas);
  }

  CountingEngine engine_;
  std::unique_ptr<StateMachine> store_;
  std::uint64_t last_index_ = 0;
};

TEST_F(StoreTest, EveryEntryAdvancesTheAppliedIndexOnce) {
  Apply({""});
  EXPECT_EQ(store_->applied_index().value, 1U);
  EXPECT_EQ(store_->applied_term().value, 3U);
  Apply({"bytes of a config"}, raft::EntryType::kConfChange);
  EXPECT_EQ(store_->applied_index().value, 2U);
  stelepb::Command refused;
  refused.mutable_lease_revoke()->set_id(77);
  const ApplyOutput output = Apply({refused.SerializeAsString(), "", refused.SerializeAsString()});
  EXPECT_EQ(output.applied_index.value, 5U);
  EXPECT_EQ(output.current_revision, 1);
  EXPECT_TRUE(output.results.empty()) << "nobody waits for request id 0";
  EXPECT_TRUE(output.events.empty());
}

TEST_F(StoreTest, OnePassIsOneBatchWithTheAppliedIndexInIt) {
  engine_.Reset();
  PutMany(100);
  EXPECT_EQ(engine_.counts.writes, 1);
  engine_.CrashKeeping(0);
  Open();
  EXPECT_EQ(store_->applied_index().value, 0U);
  EXPECT_EQ(store_->View()->current_revision(), 1);
}

TEST_F(StoreTest, PassThatReadsItsOwnHistoryIsSplitAtAnEntry) {
  stelepb::Command txn;
  txn.set_request_id(9);
  auto* range = txn.mutable_txn()->add_success()->mutable_request_range();
  range->set_key("a");
  range->set_revision(2);
  engine_.Reset();
  const ApplyOutput output =
      Apply({PutCommand("a", "1").SerializeAsString(), PutCommand("a", "2").SerializeAsString(),
             txn.SerializeAsString(), PutCommand("a", "3").SerializeAsString()});
  EXPECT_EQ(engine_.counts.writes, 2);
  ASSERT_EQ(output.results.size(), 4U);
  const auto& response = std::get<etcdserverpb::TxnResponse>(output.results[2].response);
  EXPECT_EQ(response.responses(0).response_range().kvs(0).value(), "1");
  ASSERT_EQ(output.events.size(), 3U);
  EXPECT_EQ((*store_->View()->Previous(output.events[2].events[0]))->value(), "2");
  // A crash may fall between the two.
  engine_.CrashKeeping(1);
  Open();
  EXPECT_EQ(store_->applied_index().value, 2U);
  EXPECT_EQ(store_->View()->current_revision(), 3);
}

TEST_F(StoreTest, TransactionsAsDeepAsRequestsMayBeAreApplied) {
  // Deeper than protobuf parses unasked: a request that comes through must not stop every member.
  constexpr int kDepth = kRequestDepthMax / 2 - 1;
  stelepb::Command command;
  command.set_request_id(1);
  etcdserverpb::TxnRequest* txn = command.mutable_txn();
  for (int i = 1; i < kDepth; ++i) txn = txn->add_success()->mutable_request_txn();
  txn->add_success()->mutable_request_put()->set_key("deep");
  const ApplyOutput output = Apply({command.SerializeAsString()});
  ASSERT_EQ(output.results.size(), 1U);
  EXPECT_TRUE(output.results[0].status.ok());
  ASSERT_EQ(output.events.size(), 1U);
  EXPECT_EQ(output.events[0].events[0].kv->key(), "deep");
}

TEST_F(StoreTest, CountReadsNoValues) {
  PutMany(1000);
  engine_.Reset();
  etcdserverpb::RangeRequest request;
  request.set_key(kAllKeys);
  request.set_range_end(kAllKeys);
  request.set_count_only(true);
  etcdserverpb::RangeResponse response;
  ASSERT_TRUE(store_->View()->Range(request, &response).ok());
  EXPECT_EQ(response.count(), 1000);
  EXPECT_EQ(engine_.counts.gets[static_cast<int>(Family::kRev)], 0);
  EXPECT_EQ(engine_.counts.moves[static_cast<int>(Family::kRev)], 0);

  // A page of a list counts the rest without reading it.
  request.set_count_only(false);
  request.set_limit(10);
  ASSERT_TRUE(store_->View()->Range(request, &response).ok());
  EXPECT_EQ(response.kvs_size(), 10);
  EXPECT_TRUE(response.more());
  // Nine moves of an iterator at most for a value.
  EXPECT_EQ(engine_.counts.gets[static_cast<int>(Family::kRev)], 0);
  EXPECT_LE(engine_.counts.moves[static_cast<int>(Family::kRev)], 90);
}

TEST_F(StoreTest, OpeningReadsNoKeys) {
  PutMany(1000);
  engine_.Reset();
  Open();
  for (const Family family : {Family::kKey, Family::kHistory, Family::kRev}) {
    EXPECT_EQ(engine_.counts.gets[static_cast<int>(family)], 0);
    EXPECT_EQ(engine_.counts.moves[static_cast<int>(family)], 0);
  }
  EXPECT_LT(engine_.counts.moves[static_cast<int>(Family::kMeta)], 10);
  EXPECT_EQ(store_->View()->current_revision(), 1001);
}

TEST_F(StoreTest, CompactionWorksInProportionToNewHistory) {
  PutMany(1000);
  const auto compact = [&](std::int64_t revision) {
    stelepb::Command command;
    command.mutable_compact()->set_revision(revision);
    Apply({command.SerializeAsString()});
    while (*store_->CompactStep()) {
    }
    EXPECT_TRUE(store_->CompactionFinished(revision));
    EXPECT_FALSE(store_->CompactionFinished(revision + 1));
  };
  compact(1001);
  Put("key7", "new");
  Put("key8", "new");
  engine_.Reset();
  compact(1003);
  EXPECT_LT(engine_.counts.moves[static_cast<int>(Family::kRev)], 10);
}

// Behaviour 10: what is stored is the revision, not the newest key.
TEST_F(StoreTest, RevisionSurvivesTheLossOfEveryKey) {
  PutMany(5);
  stelepb::Command remove;
  remove.mutable_delete_range()->set_key(kAllKeys);
  remove.mutable_delete_range()->set_range_end(kAllKeys);
  Apply({remove.SerializeAsString()});
  // One more revision that compaction can take away completely.
  Put("last", "x");
  Apply({remove.SerializeAsString()});
  stelepb::Command compact;
  compact.mutable_compact()->set_revision(9);  // 5 puts, a delete, a put, a delete
  Apply({compact.SerializeAsString()});
  while (*store_->CompactStep()) {
  }
  ASSERT_TRUE(engine_.Flush().ok());
  engine_.CrashKeeping(0);
  Open();
  EXPECT_EQ(store_->View()->current_revision(), 9);
  Put("next", "x");
  EXPECT_EQ(store_->View()->current_revision(), 10);
}

TEST_F(StoreTest, MembersAreBootstrappedOnceAndDescribeThemselves) {
  stelepb::MemberRecord member;
  member.set_id(11);
  member.add_peer_urls("http://a:1");
  ASSERT_TRUE(store_->Bootstrap({member}).ok());
  stelepb::MemberRecord other;
  other.set_id(12);
  ASSERT_TRUE(store_->Bootstrap({other}).ok());
  ASSERT_EQ(store_->View()->Members().size(), 1U);

  stelepb::Command command;
  command.mutable_member_attributes()->set_member_id(11);
  command.mutable_member_attributes()->set_name("one");
  command.mutable_member_attributes()->add_client_urls("http://a:2");
  EXPECT_TRUE(Apply({command.SerializeAsString()}).members_changed);
  Open();
  const std::vector<stelepb::MemberRecord> members = store_->View()->Members();
  ASSERT_EQ(members.size(), 1U);
  EXPECT_EQ(members[0].name(), "one");
  EXPECT_EQ(members[0].client_urls(0), "http://a:2");
  EXPECT_EQ(members[0].peer_urls(0), "http://a:1");

  command.mutable_member_attributes()->set_member_id(99);
  command.set_request_id(5);
  const ApplyOutput output = Apply({command.SerializeAsString()});
  EXPECT_FALSE(output.members_changed);
  EXPECT_EQ(output.results[0].status.code(), absl::StatusCode::kNotFound);
}

TEST_F(StoreTest, DurableAppliedIsWhatWasFlushed) {
  EXPECT_EQ(store_->DurableApplied()->index.value, 0U);
  Put("a", "1");
  EXPECT_EQ(store_->DurableApplied()->index.value, 0U);
  ASSERT_TRUE(engine_.Flush().ok());
  Put("a", "2");
  EXPECT_EQ(store_->DurableApplied()->index.value, 1U);
  EXPECT_EQ(store_->DurableApplied()->term.value, 3U);
}

TEST_F(StoreTest, AnOldValueIsReadOnlyForWhoAsks) {
  Put("a", "1");
  engine_.Reset();
  const ApplyOutput output = Put("a", "2");
  EXPECT_EQ(engine_.counts.gets[static_cast<int>(Family::kRev)], 0);
  const auto previous = store_->View()->Previous(output.events.at(0).events.at(0));
  ASSERT_TRUE(previous.ok());
  EXPECT_EQ((*previous)->value(), "1");
  EXPECT_EQ((*previous)->mod_revision(), 2);
}

TEST_F(StoreTest, AKeyWrittenBeforeIsNotLookedUpAgain) {
  Put("a", "1");
  engine_.Reset();
  Put("a", "2");
  Put("a", "3");
  EXPECT_EQ(engine_.counts.gets[static_cast<int>(Family::kKey)], 0);
}

// Views are for any thread while the apply thread goes on (run under tsan).
TEST_F(StoreTest, ReadersDoNotDisturbTheWriter) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      std::int64_t last = 0;
      while (!stop) {
        const std::shared_ptr<const ReadView> view = store_->View();
        etcdserverpb::RangeRequest request;
        request.set_key("k");
        request.set_range_end("l");
        etcdserverpb::RangeResponse response;
        ASSERT_TRUE(view->Range(request, &response).ok());
        ASSERT_GE(view->current_revision(), last);
        last = view->current_revision();
        ASSERT_EQ(response.header().revision(), last);
        // One put a revision and never the same key: the view is consistent in itself.
        ASSERT_EQ(response.count(), last - 1);
      }
    });
  }
  for (int i = 0; i < 300; ++i) Put("k" + std::to_string(i), "v");
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

std::string CheckCommand() {
  stelepb::Command command;
  command.mutable_state_check();
  return command.SerializeAsString();
}

// The digest that a new store has behind these commands, applied so many at a time.
StateDigest DigestBehind(const std::vector<std::string>& commands, std::size_t per_pass) {
  MemEngine engine;
  std::vector<StateCheckResult> checks;
  std::uint64_t index = 0;
  for (std::size_t first = 0; first < commands.size(); first += per_pass) {
    // A restart before every pass.
    auto store = StateMachine::Open(&engine, {});
    std::vector<raft::Entry> entries;
    for (std::size_t i = first; i < std::min(commands.size(), first + per_pass); ++i) {
      entries.push_back({{raft::Index{++index}, raft::Term{3}}, raft::EntryType::kNormal, {}});
      if (!commands[i].empty()) entries.back().data = commands[i];
    }
    ApplyOutput output;
    EXPECT_TRUE((*store)->Apply(entries, &output).ok());
    for (const StateCheckResult& check : output.state_checks) checks.push_back(check);
  }
  EXPECT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks.at(0).index.value, commands.size());
  return checks.at(0).digest;
}

TEST(StateDigestTest, DependsOnWhatWasAppliedOnly) {
  const std::vector<std::string> commands = {PutCommand("a", "1").SerializeAsString(), "",
                                             PutCommand("a", "2").SerializeAsString(),
                                             CheckCommand()};
  const StateDigest together = DigestBehind(commands, commands.size());
  EXPECT_NE(together, StateDigest());
  EXPECT_EQ(DigestBehind(commands, 1), together);
  EXPECT_EQ(DigestBehind(commands, 3), together);
}

TEST(StateDigestTest, ShowsAnyDifference) {
  const auto of = [](const char* first, const char* second) {
    return DigestBehind({PutCommand("a", first).SerializeAsString(),
                         PutCommand("a", second).SerializeAsString(), CheckCommand()},
                        3);
  };
  EXPECT_EQ(of("1", "2"), of("1", "2"));
  EXPECT_NE(of("1", "2"), of("1", "3"));
  EXPECT_NE(of("1", "2"), of("3", "2")) << "an overwritten value counts, too";
}

TEST(StateDigestTest, CoversAlarms) {
  const auto raise = [](std::uint64_t member) {
    stelepb::Command command;
    command.mutable_alarm()->set_action(etcdserverpb::AlarmRequest::ACTIVATE);
    command.mutable_alarm()->set_memberid(member);
    command.mutable_alarm()->set_alarm(etcdserverpb::NOSPACE);
    return command.SerializeAsString();
  };
  const std::string put = PutCommand("a", "1").SerializeAsString();
  const StateDigest one = DigestBehind({raise(1), put, CheckCommand()}, 3);
  EXPECT_EQ(DigestBehind({raise(1), put, CheckCommand()}, 1), one) << "a restart forgets none";
  EXPECT_NE(DigestBehind({raise(2), put, CheckCommand()}, 3), one);
}

using StoreDeathTest = StoreTest;

TEST_F(StoreDeathTest, WhatCannotBeUnderstoodStopsTheProcess) {
  EXPECT_DEATH(Apply({"\xff\xff\xff not a command"}), "command_is_known");
  stelepb::Command nothing;
  nothing.set_request_id(5);
  EXPECT_DEATH(Apply({nothing.SerializeAsString()}), "command_is_known");
  // Field 100 of a newer program.
  EXPECT_DEATH(Apply({std::string("\xa2\x06\x01x", 4)}), "command_is_known");
}

TEST_F(StoreDeathTest, GapInTheLogStopsTheProcess) {
  ++last_index_;
  EXPECT_DEATH(Apply({""}), "index");
}

TEST(StoredStateTest, OtherFormatIsRefused) {
  std::string bytes = EncodeStoredState({});
  ASSERT_TRUE(DecodeStoredState(bytes).ok());
  EXPECT_FALSE(DecodeStoredState(bytes + "x").ok());
  bytes[0] = 1;
  EXPECT_EQ(DecodeStoredState(bytes).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace stele::storage
