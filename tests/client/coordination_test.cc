// Sessions, locks and elections against real servers, some of them shared with etcdctl.
#include <array>
#include <atomic>
#include <cstdio>
#include <future>

#include "absl/strings/str_cat.h"
#include "src/client/election.h"
#include "src/client/lock.h"
#include "src/client/session.h"
#include "src/client/txn_builder.h"
#include "tests/client/server_fixture.h"

namespace stele::client {
namespace {

class CoordinationTest : public ServerFixture {
 protected:
  static std::unique_ptr<Session> NewSession(Client& client, int64_t ttl_seconds = 30) {
    return *Session::Create(client, {.ttl_seconds = ttl_seconds});
  }

  // Waits until so many keys stand in the queue of `name`.
  void AwaitQueue(const std::string& name, int64_t length) {
    const absl::Time deadline = Soon();
    while (client_->Get(QueuePlace::KeysOf(name), {.count_only = true})->count() != length) {
      ASSERT_LT(absl::Now(), deadline) << name;
      absl::SleepFor(absl::Milliseconds(2));
    }
  }

  // What etcdctl prints for the words.
  static std::string Etcdctl(const std::string& words) {
    const std::string command = absl::StrCat("ETCDCTL_API=3 timeout 20 etcdctl --endpoints ",
                                             Server().endpoint(), " ", words, " 2>&1");
    std::string text;
    FILE* pipe = popen(command.c_str(), "r");
    std::array<char, 256> piece = {};
    while (fgets(piece.data(), piece.size(), pipe) != nullptr) text += piece.data();
    pclose(pipe);
    return text;
  }
};

TEST_P(CoordinationTest, SessionKeepsItsLeaseUntilItIsClosed) {
  auto session = NewSession(*client_, 2);
  ASSERT_TRUE(client_->Put(name_, "here", session->lease_id()).ok());
  EXPECT_FALSE(session->WaitUntilOver(absl::Now() + absl::Seconds(3)));  // longer than its TTL
  EXPECT_TRUE(client_->Get(name_).ok());
  EXPECT_TRUE(session->Close().ok());
  EXPECT_TRUE(absl::IsNotFound(client_->Get(name_).status()));
  EXPECT_TRUE(absl::IsCancelled(session->Failure()));
  EXPECT_TRUE(session->Close().ok());
}

TEST_P(CoordinationTest, SessionTellsThatItsLeaseIsGone) {
  auto session = NewSession(*client_, 3);
  bool noticed = false;
  const Session::OverNotice notice(*session, [&noticed] { noticed = true; });
  ASSERT_TRUE(client_->LeaseRevoke(session->lease_id()).ok());
  EXPECT_TRUE(session->WaitUntilOver(Soon()));
  EXPECT_TRUE(absl::IsNotFound(session->Failure())) << session->Failure();
  EXPECT_TRUE(noticed);
  bool late = false;
  const Session::OverNotice after(*session, [&late] { late = true; });
  EXPECT_TRUE(late);
  EXPECT_TRUE(session->Close().ok());
  Lock lock(*session, name_);
  EXPECT_TRUE(absl::IsNotFound(lock.Acquire(Soon())));
}

TEST_P(CoordinationTest, AbandonedSessionLeavesItsKeys) {
  auto session = NewSession(*client_);
  ASSERT_TRUE(client_->Put(name_, "here", session->lease_id()).ok());
  const int64_t lease = session->lease_id();
  session->Abandon();
  session.reset();
  EXPECT_TRUE(client_->Get(name_).ok());
  EXPECT_TRUE(client_->LeaseRevoke(lease).ok());
}

TEST_P(CoordinationTest, LockIsHeldByOneAndGoesInOrder) {
  auto first = NewSession(*client_);
  Lock held(*first, name_);
  ASSERT_TRUE(held.Acquire(Soon()).ok());
  ASSERT_TRUE(held.Acquire(Soon()).ok());  // its holder has it already
  EXPECT_EQ(held.key(), absl::StrCat(name_, "/", absl::Hex(first->lease_id())));
  EXPECT_EQ(client_->Get(held.key())->lease(), first->lease_id());

  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<std::future<int64_t>> waiting;
  std::atomic<int> inside = 1;
  for (int i = 0; i < 3; ++i) {
    sessions.push_back(NewSession(*client_));
    waiting.push_back(
        std::async(std::launch::async, [this, &inside, session = sessions.back().get()] {
          Lock lock(*session, name_);
          EXPECT_TRUE(lock.Acquire(Soon()).ok());
          EXPECT_EQ(++inside, 1);
          const int64_t turn = client_->Put(name_ + "-turns", "")->header().revision();
          --inside;
          EXPECT_TRUE(lock.Release().ok());
          return turn;
        }));
    AwaitQueue(name_, i + 2);
  }
  auto hasty = NewSession(*client_);
  Lock refused(*hasty, name_);
  EXPECT_TRUE(absl::IsResourceExhausted(refused.TryAcquire()));
  EXPECT_EQ(refused.Acquire(absl::Now() + absl::Milliseconds(50)).code(),
            absl::StatusCode::kDeadlineExceeded);
  AwaitQueue(name_, 4);  // who has given up does not stand in the way

  --inside;
  EXPECT_TRUE(TxnBuilder().When(held.StillHeld()).Commit(*client_)->succeeded());
  ASSERT_TRUE(held.Release().ok());
  const int64_t turn_1 = waiting[0].get();
  const int64_t turn_2 = waiting[1].get();
  EXPECT_LT(turn_1, turn_2);
  EXPECT_LT(turn_2, waiting[2].get());
  EXPECT_TRUE(refused.TryAcquire().ok());
}

TEST_P(CoordinationTest, LockIsLostWithItsLease) {
  auto first = NewSession(*client_);
  Lock held(*first, name_);
  ASSERT_TRUE(held.Acquire(Soon()).ok());
  const etcdserverpb::Compare still_held = held.StillHeld();
  auto second = NewSession(*client_);
  Lock next(*second, name_);
  auto waiting = std::async(std::launch::async, [&next] { return next.Acquire(Soon()); });
  AwaitQueue(name_, 2);
  ASSERT_TRUE(client_->LeaseRevoke(first->lease_id()).ok());
  EXPECT_TRUE(waiting.get().ok());
  EXPECT_FALSE(TxnBuilder().When(still_held).Commit(*client_)->succeeded());
  EXPECT_GT(next.create_revision(), held.create_revision());
}

TEST_P(CoordinationTest, WaitingEndsWithTheSession) {
  auto first = NewSession(*client_);
  Lock held(*first, name_);
  ASSERT_TRUE(held.Acquire(Soon()).ok());
  auto second = NewSession(*client_);
  Lock next(*second, name_);
  auto waiting = std::async(std::launch::async, [&next] { return next.Acquire(Soon()); });
  AwaitQueue(name_, 2);
  EXPECT_TRUE(second->Close().ok());
  EXPECT_TRUE(absl::IsCancelled(waiting.get()));
  AwaitQueue(name_, 1);
}

TEST_P(CoordinationTest, LockIsSharedWithEtcdctl) {
  auto session = NewSession(*client_);
  Lock held(*session, name_);
  ASSERT_TRUE(held.Acquire(Soon()).ok());
  auto theirs = std::async(std::launch::async, [this] {
    return Etcdctl(absl::StrCat("lock ", name_, " -- sh -c 'echo $ETCD_LOCK_KEY'"));
  });
  AwaitQueue(name_, 2);
  auto second = NewSession(*client_);
  Lock next(*second, name_);
  auto waiting = std::async(std::launch::async, [&next] { return next.Acquire(Soon()); });
  AwaitQueue(name_, 3);
  ASSERT_TRUE(held.Release().ok());
  EXPECT_TRUE(waiting.get().ok());
  // Their key, alone: it was their turn before ours.
  const std::string printed = theirs.get();
  EXPECT_EQ(printed.substr(0, name_.size() + 1), name_ + "/") << printed;
  EXPECT_EQ(printed.find('\n'), printed.size() - 1) << printed;
}

TEST_P(CoordinationTest, ElectionPassesLeadershipOn) {
  EXPECT_EQ(LeaderOf(*client_, name_).status().message(), "election: no leader");
  LeaderObserver observer(*client_, name_);
  EXPECT_EQ(observer.Next(absl::Now() + absl::Milliseconds(20)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  auto first = NewSession(*client_);
  Election one(*first, name_);
  EXPECT_TRUE(absl::IsFailedPrecondition(one.Proclaim("too early")));
  ASSERT_TRUE(one.Campaign("one", Soon()).ok());
  EXPECT_EQ(observer.Next(Soon())->kv.value(), "one");
  ASSERT_TRUE(one.Proclaim("one again").ok());
  EXPECT_EQ(observer.Next(Soon())->kv.value(), "one again");
  EXPECT_EQ(LeaderOf(*client_, name_)->kv.key(), one.key());

  auto second = NewSession(*client_);
  Election two(*second, name_);
  auto campaign = std::async(std::launch::async, [&two] { return two.Campaign("two", Soon()); });
  AwaitQueue(name_, 2);
  EXPECT_EQ(Etcdctl(absl::StrCat("get --print-value-only --sort-by=CREATE --prefix ", name_, "/")),
            "one again\ntwo\n");
  ASSERT_TRUE(one.Resign().ok());
  EXPECT_TRUE(campaign.get().ok());
  EXPECT_EQ(observer.Next(Soon())->kv.value(), "two");
  EXPECT_TRUE(absl::IsFailedPrecondition(one.Proclaim("no longer")));

  // A leader whose key was taken away notices when it speaks.
  ASSERT_TRUE(client_->Delete(two.key()).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(two.Proclaim("still?")));
  EXPECT_FALSE(two.leads());
  auto nobody = std::async(std::launch::async, [&observer] { return observer.Next(Soon()); });
  observer.Cancel();
  EXPECT_TRUE(absl::IsCancelled(nobody.get().status()));
}

TEST_P(CoordinationTest, CandidateReturnsWithAnotherValue) {
  auto session = NewSession(*client_);
  Election before(*session, name_);
  ASSERT_TRUE(before.Campaign("old", Soon()).ok());
  Election after(*session, name_);  // of a process that has lost its objects, not its lease
  ASSERT_TRUE(after.Campaign("new", Soon()).ok());
  EXPECT_EQ(LeaderOf(*client_, name_)->kv.value(), "new");
  EXPECT_EQ(after.create_revision(), before.create_revision());
}

TEST_P(CoordinationTest, ObserverSurvivesCompaction) {
  auto session = NewSession(*client_);
  Election election(*session, name_);
  ASSERT_TRUE(election.Campaign("v0", Soon()).ok());
  LeaderObserver observer(*client_, name_);
  EXPECT_EQ(observer.Next(Soon())->kv.value(), "v0");
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(election.Proclaim(absl::StrCat("v", i)).ok());
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(client_->Get(election.key())->mod_revision());
  ASSERT_TRUE(client_->Compact(compaction).ok());
  // The observer has not opened its watch yet, and its history is gone: the newest value remains.
  EXPECT_EQ(observer.Next(Soon())->kv.value(), "v3");
}

// Nobody says that the lease is gone; the session must not believe in it for longer than its TTL.
TEST(SessionWithoutServer, IsOverAfterATtlOfSilence) {
  auto cluster = StartEtcdCluster(1);
  ClientOptions options;
  options.endpoints = {cluster[0]->endpoint()};
  options.dial_timeout = kPatience;
  auto client = *Client::Create(options);
  ASSERT_TRUE(client->LeaseList({.timeout = kPatience}).ok());
  auto session = *Session::Create(*client, {.ttl_seconds = 2});
  cluster[0]->Kill();
  const absl::Time killed_at = absl::Now();
  EXPECT_TRUE(session->WaitUntilOver(absl::Now() + kPatience));
  EXPECT_LT(absl::Now() - killed_at, absl::Seconds(3));
  const absl::Status failure = session->Failure();
  EXPECT_TRUE(absl::IsUnavailable(failure) || absl::IsDeadlineExceeded(failure)) << failure;
  session->Abandon();  // there is nobody to revoke it
}

INSTANTIATE_TEST_SUITE_P(Servers, CoordinationTest, ::testing::ValuesIn(ServerKinds()),
                         [](const auto& server) { return server.param; });

}  // namespace
}  // namespace stele::client
