// Requests in words, txns, namespaces, ranges in pieces and local copies, against real servers.
#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "src/client/local_copy.h"
#include "src/client/lock.h"
#include "src/client/txn_builder.h"
#include "src/client/watcher.h"
#include "tests/client/server_fixture.h"

namespace stele::client {
namespace {

class KeysTest : public ServerFixture {
 protected:
  std::string Key(const std::string& rest) const { return name_ + "/" + rest; }

  void PutAll(const std::vector<std::string>& names) {
    for (const auto& name : names) ASSERT_TRUE(client_->Put(Key(name), "v" + name).ok());
  }

  static std::vector<std::string> KeysIn(const etcdserverpb::RangeResponse& response) {
    std::vector<std::string> keys;
    for (const auto& kv : response.kvs()) keys.push_back(kv.key());
    return keys;
  }
};

TEST_P(KeysTest, RangesAndOptions) {
  PutAll({"a", "b", "c"});
  EXPECT_EQ(KeysIn(*client_->Get(KeyRange::Prefix(Key("")), {.limit = 2})),
            (std::vector{Key("a"), Key("b")}));
  EXPECT_EQ(KeysIn(*client_->Get(KeyRange::Between(Key("b"), Key("d")),
                                 {.order = etcdserverpb::RangeRequest::DESCEND})),
            (std::vector{Key("c"), Key("b")}));
  EXPECT_EQ(client_->Get(KeyRange::Prefix(Key("")), {.count_only = true})->count(), 3);
  const int64_t revision = client_->Get(Key("a"))->mod_revision();
  EXPECT_EQ(client_->Put(PutOf(Key("a"), "new", {.prev_kv = true}))->prev_kv().value(), "va");
  EXPECT_EQ(client_->Get(KeyRange::One(Key("a")), {.revision = revision})->kvs(0).value(), "va");
  EXPECT_EQ(KeysIn(*client_->Get(KeyRange::Prefix(Key("")), {.min_mod_revision = revision + 3})),
            (std::vector{Key("a")}));
  EXPECT_GE(client_->Get(KeyRange::All())->count(), 3);
  EXPECT_EQ(client_->Delete(KeyRange::Prefix(Key("")), {.prev_kv = true})->prev_kvs_size(), 3);
}

TEST_P(KeysTest, TxnTakesTheBranchOfItsConditions) {
  const std::string key = Key("k");
  TxnBuilder create;
  create.When(CreateRevisionOf(key) == 0).Then(PutOf(key, "one")).Else(GetOf(KeyRange::One(key)));
  EXPECT_TRUE(create.Commit(*client_)->succeeded());
  const auto second = create.Commit(*client_);
  ASSERT_FALSE(second->succeeded());
  EXPECT_EQ(second->responses(0).response_range().kvs(0).value(), "one");
  const auto holds = [this](etcdserverpb::Compare condition) {
    return TxnBuilder().When(std::move(condition)).Commit(*client_)->succeeded();
  };
  EXPECT_TRUE(holds(VersionOf(key) == 1));
  EXPECT_TRUE(holds(VersionOf(key) != 2));
  EXPECT_TRUE(holds(VersionOf(key) < 2));
  EXPECT_TRUE(holds(ModRevisionOf(key) > 1));
  EXPECT_TRUE(holds(ValueOf(key) == "one"));
  EXPECT_FALSE(holds(ValueOf(key) > "one"));
  EXPECT_TRUE(holds(LeaseOf(key) == 0));
  EXPECT_FALSE(holds(ValueOf(Key("none")) != "one"));

  TxnBuilder inner;
  inner.Then(DeleteOf(KeyRange::One(key)));
  const auto outer = TxnBuilder().Then(inner.request()).Commit(*client_);
  EXPECT_EQ(outer->responses(0).response_txn().responses(0).response_delete_range().deleted(), 1);
}

TEST_P(KeysTest, NamespaceHidesItsPrefix) {
  const auto inside = client_->InNamespace(Key(""));
  Watcher watcher(*inside, WatchOf(KeyRange::All()));
  ASSERT_TRUE(watcher.WaitUntilCreated(Soon()).ok());
  ASSERT_TRUE(client_->Put(name_ + "0", "outside").ok());  // the first key behind the prefix
  ASSERT_TRUE(inside->Put("a", "1").ok());
  ASSERT_TRUE(inside->InNamespace("b/")->Put("c", "2").ok());
  EXPECT_EQ(client_->Get(Key("a"))->value(), "1");
  EXPECT_EQ(KeysIn(*inside->Get(KeyRange::All())), (std::vector<std::string>{"a", "b/c"}));
  EXPECT_EQ(KeysIn(*inside->Get(KeyRange::From("b"))), (std::vector<std::string>{"b/c"}));
  EXPECT_EQ(KeysIn(*inside->Get(KeyRange::Between("a", "b"))), (std::vector<std::string>{"a"}));
  EXPECT_EQ(inside->Put("", "v").status().message(), "etcdserver: key is not provided");
  EXPECT_EQ(inside->Put(PutOf("a", "2", {.prev_kv = true}))->prev_kv().key(), "a");

  const auto txn = TxnBuilder()
                       .When(ValueOf("a") == "2")
                       .Then(PutOf("d", "3"))
                       .Then(GetOf(KeyRange::One("a")))
                       .Then(DeleteOf(KeyRange::Prefix("b/"), {.prev_kv = true}))
                       .Commit(*inside);
  ASSERT_TRUE(txn->succeeded());
  EXPECT_EQ(txn->responses(1).response_range().kvs(0).key(), "a");
  EXPECT_EQ(txn->responses(2).response_delete_range().prev_kvs(0).key(), "b/c");

  std::vector<std::string> seen;
  while (seen.size() < 5) {
    const auto response = watcher.Next(Soon());
    ASSERT_TRUE(response.ok()) << response.status();
    for (const auto& event : response->events()) seen.push_back(event.kv().key());
  }
  std::ranges::sort(seen);
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "a", "b/c", "b/c", "d"}));

  auto session = *Session::Create(*inside, {.ttl_seconds = 30});
  Lock lock(*session, "lock");
  ASSERT_TRUE(lock.Acquire(Soon()).ok());
  EXPECT_TRUE(client_->Get(Key(lock.key())).ok());
  EXPECT_EQ(inside->LeaseTimeToLive(session->lease_id(), true)->keys(0), lock.key());
  EXPECT_EQ(inside->Delete(KeyRange::All())->deleted(), 3);
  EXPECT_TRUE(client_->Get(name_ + "0").ok());
}

TEST_P(KeysTest, PagesAreOfOneRevision) {
  PutAll({"a", "b", "c", "d", "e"});
  std::vector<std::string> keys;
  int pages = 0;
  const auto revision = client_->ReadInPages(KeyRange::Prefix(Key("")), 2, [&](const auto& page) {
    for (const auto& key : KeysIn(page)) keys.push_back(key);
    // What comes later does not belong to it.
    EXPECT_TRUE(client_->Put(Key(absl::StrCat("x", pages++)), "").ok());
    return true;
  });
  ASSERT_TRUE(revision.ok()) << revision.status();
  EXPECT_EQ(keys, (std::vector{Key("a"), Key("b"), Key("c"), Key("d"), Key("e")}));
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(*revision, client_->Get(Key("e"))->mod_revision());
}

TEST_P(KeysTest, RangeStreamBringsAllOfARange) {
  PutAll({"a", "b", "c"});
  std::vector<std::string> keys;
  int64_t count = 0;
  const absl::Status streamed = client_->InNamespace(Key(""))->RangeStream(
      GetOf(KeyRange::All()), [&](const etcdserverpb::RangeResponse& piece) {
        for (const auto& key : KeysIn(piece)) keys.push_back(key);
        count += piece.count();
        return true;
      });
  if (GetParam() == "etcd") {
    EXPECT_TRUE(absl::IsUnimplemented(streamed)) << streamed;  // it came with etcd 3.7
    return;
  }
  ASSERT_TRUE(streamed.ok()) << streamed;
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(count, 3);
}

TEST_P(KeysTest, MaintenanceCallsAnswer) {
  ASSERT_TRUE(client_->Put(Key("k"), "v").ok());
  const auto hash = client_->HashKV(0);
  ASSERT_TRUE(hash.ok()) << hash.status();
  EXPECT_EQ(client_->HashKV(hash->header().revision())->hash(), hash->hash());
  EXPECT_TRUE(absl::IsOutOfRange(client_->HashKV(1 << 30).status()));
  EXPECT_TRUE(client_->Hash().ok());
  EXPECT_TRUE(client_->Defragment().ok());
  etcdserverpb::AlarmRequest alarm;
  alarm.set_action(etcdserverpb::AlarmRequest::ACTIVATE);
  alarm.set_alarm(etcdserverpb::NOSPACE);
  alarm.set_memberid(client_->Status()->header().member_id());
  ASSERT_TRUE(client_->Alarm(alarm).ok());
  EXPECT_EQ(client_->Put(Key("k"), "w").status().message(),
            "etcdserver: mvcc: database space exceeded");
  EXPECT_EQ(client_->Alarm({})->alarms(0).alarm(), etcdserverpb::NOSPACE);
  alarm.set_action(etcdserverpb::AlarmRequest::DEACTIVATE);
  ASSERT_TRUE(client_->Alarm(alarm).ok());
  EXPECT_EQ(client_->Alarm({})->alarms_size(), 0);
  EXPECT_TRUE(client_->Put(Key("k"), "w").ok());
}

TEST_P(KeysTest, LocalCopyFollowsTheStore) {
  PutAll({"a", "b"});
  absl::Mutex mutex;
  std::vector<std::string> heard;
  auto copy = *LocalCopy::Create(*client_, KeyRange::Prefix(Key("")), [&](const auto& event) {
    absl::MutexLock lock(&mutex);
    heard.push_back(absl::StrCat(event.kv().key(), "=", event.kv().value()));
  });
  EXPECT_EQ(copy->Value(Key("a")), "va");
  EXPECT_EQ(copy->Value(Key("none")), std::nullopt);
  ASSERT_TRUE(client_->Put(Key("a"), "new").ok());
  ASSERT_TRUE(client_->Delete(Key("b")).ok());
  const int64_t last = client_->Put(Key("c"), "vc")->header().revision();
  ASSERT_TRUE(copy->WaitForRevision(last, Soon())) << copy->Failure();
  EXPECT_EQ(copy->All().size(), 2U);
  EXPECT_EQ(copy->Value(Key("a")), "new");
  EXPECT_TRUE(copy->Failure().ok());
  const auto all_heard = [&heard] { return heard.size() == 3; };
  absl::MutexLock lock(&mutex);
  EXPECT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&all_heard), kPatience));
  EXPECT_EQ(heard, (std::vector{Key("a=new"), Key("b="), Key("c=vc")}));
}

// The watch of a copy dies with its server; while it is away, history is rewritten and forgotten.
TEST_P(KeysTest, LocalCopyReadsAnewAfterCompaction) {
  PutAll({"a", "b", "c"});
  absl::Mutex mutex;
  std::vector<std::string> heard;
  std::atomic<bool> hold = true;
  auto copy = *LocalCopy::Create(*client_, KeyRange::Prefix(Key("")), [&](const auto& event) {
    absl::MutexLock lock(&mutex);
    heard.push_back(absl::StrCat(event.kv().key(), "=", event.kv().value()));
    // The copy's thread stays in here until the history behind this event is gone.
    const auto released = [&hold] { return !hold; };
    mutex.AwaitWithTimeout(absl::Condition(&released), kPatience);
  });
  ASSERT_TRUE(client_->Put(Key("hold"), "").ok());
  {
    const auto held = [&heard] { return heard.size() == 1; };
    absl::MutexLock lock(&mutex);
    ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&held), kPatience));
  }
  Server().Kill();
  Server().Start();
  const auto other = NewClient();
  ASSERT_TRUE(other->Get(KeyRange::One("ready")).ok());
  ASSERT_TRUE(other->Put(Key("a"), "new").ok());
  ASSERT_TRUE(other->Delete(Key("b")).ok());
  const int64_t last = other->Put(Key("d"), "vd")->header().revision();
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(last);
  compaction.set_physical(true);
  ASSERT_TRUE(other->Compact(compaction).ok());
  {
    absl::MutexLock lock(&mutex);
    hold = false;
  }
  ASSERT_TRUE(copy->WaitForRevision(last, Soon())) << copy->Failure();
  EXPECT_EQ(copy->Value(Key("a")), "new");
  EXPECT_EQ(copy->Value(Key("b")), std::nullopt);
  const auto all_heard = [&heard] { return heard.size() == 4; };
  absl::MutexLock lock(&mutex);
  EXPECT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&all_heard), kPatience));
  std::ranges::sort(heard);
  EXPECT_EQ(heard, (std::vector{Key("a=new"), Key("b="), Key("d=vd"), Key("hold=")}));
}

INSTANTIATE_TEST_SUITE_P(Servers, KeysTest, ::testing::ValuesIn(ServerKinds()),
                         [](const auto& server) { return server.param; });

}  // namespace
}  // namespace stele::client
