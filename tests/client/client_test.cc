// The client library against real etcd servers that are killed under it.
#include "src/client/client.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/client/keep_alive.h"
#include "src/client/watcher.h"
#include "tests/client/etcd_process.h"

namespace stele::client {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

class ClientTest : public ::testing::Test {
 protected:
  // Starts a cluster and waits until it answers.
  void StartCluster(int members) {
    cluster_ = StartEtcdCluster(members);
    for (const auto& member : cluster_) options_.endpoints.push_back(member->endpoint());
    options_.dial_timeout = kPatience;
    options_.call_timeout = kPatience;
    client_ = *Client::Create(options_);
    ASSERT_TRUE(client_->MemberList().ok());
    ASSERT_TRUE(client_->Range(Request("ready")).ok());
  }

  static etcdserverpb::RangeRequest Request(const std::string& key) {
    etcdserverpb::RangeRequest request;
    request.set_key(key);
    return request;
  }

  // Puts until it succeeds: a put whose outcome is unknown is looked up first.
  void PutSurely(const std::string& key, const std::string& value) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (absl::Now() < deadline) {
      if (client_->Put(key, value).ok()) return;
      const auto found = client_->Get(key);
      if (found.ok() && found->value() == value) return;
    }
    FAIL() << "could not put " << key;
  }

  static etcdserverpb::WatchCreateRequest WatchAll() {
    etcdserverpb::WatchCreateRequest request;
    request.set_key("w");
    request.set_range_end(PrefixRangeEnd("w"));
    return request;
  }

  // The next `count` keys the watcher sees.
  static std::vector<std::string> Keys(Watcher& watcher, size_t count) {
    std::vector<std::string> keys;
    while (keys.size() < count) {
      const auto response = watcher.Next(absl::Now() + kPatience);
      if (!response.ok()) {
        ADD_FAILURE() << response.status();
        break;
      }
      for (const auto& event : response->events()) keys.push_back(event.kv().key());
    }
    return keys;
  }

  ClientOptions options_ = {.endpoints = {}};
  std::vector<std::unique_ptr<EtcdProcess>> cluster_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, KeysAndErrors) {
  StartCluster(1);
  EXPECT_TRUE(absl::IsNotFound(client_->Get("k").status()));
  ASSERT_TRUE(client_->Put("k", std::string("v\0\xff", 3)).ok());
  EXPECT_EQ(client_->Get("k")->value(), std::string("v\0\xff", 3));
  EXPECT_EQ(client_->Delete("k")->deleted(), 1);

  const absl::Status refused = client_->Put("", "v").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message(), "etcdserver: key is not provided");
  EXPECT_EQ(EndpointOf(refused), cluster_[0]->endpoint());

  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(1 << 30);
  EXPECT_EQ(client_->Compact(compaction).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(client_->Status()->leader(), client_->Status()->header().member_id());
}

TEST_F(ClientTest, LeasesLiveAsLongAsTheyAreKeptAlive) {
  StartCluster(1);
  const auto lease = client_->LeaseGrant(2);
  ASSERT_TRUE(lease.ok());
  ASSERT_TRUE(client_->Put("k", "v", lease->id()).ok());
  {
    KeepAlive keep_alive(*client_, lease->id());
    // Three thirds of a TTL and more: the lease has outlived its first grant.
    EXPECT_TRUE(keep_alive.WaitForRenewals(5, absl::Now() + kPatience));
    EXPECT_TRUE(keep_alive.Failure().ok());
    EXPECT_TRUE(client_->Get("k").ok());
    EXPECT_EQ(client_->LeaseTimeToLive(lease->id(), true)->keys_size(), 1);

    ASSERT_TRUE(client_->LeaseRevoke(lease->id()).ok());
    EXPECT_TRUE(keep_alive.WaitForRenewals(1000, absl::Now() + kPatience));
    EXPECT_TRUE(absl::IsNotFound(keep_alive.Failure())) << keep_alive.Failure();
  }
  EXPECT_TRUE(absl::IsNotFound(client_->Get("k").status()));
  EXPECT_TRUE(absl::IsNotFound(client_->LeaseKeepAliveOnce(lease->id()).status()));
  EXPECT_EQ(client_->LeaseTimeToLive(lease->id(), false)->ttl(), -1);
  EXPECT_EQ(client_->LeaseList()->leases_size(), 0);
}

TEST_F(ClientTest, WatchSeesEachEventOnceAcrossARestart) {
  StartCluster(1);
  Watcher watcher(*client_, WatchAll());
  ASSERT_TRUE(watcher.WaitUntilCreated(absl::Now() + kPatience).ok());
  ASSERT_TRUE(client_->Put("w1", "").ok());
  EXPECT_EQ(Keys(watcher, 1), (std::vector<std::string>{"w1"}));

  // One event is under way and unread when the server dies, another comes after its return.
  ASSERT_TRUE(client_->Put("w2", "").ok());
  cluster_[0]->Kill();
  cluster_[0]->Start();
  PutSurely("w3", "");
  EXPECT_EQ(Keys(watcher, 2), (std::vector<std::string>{"w2", "w3"}));
  ASSERT_TRUE(client_->Put("w4", "").ok());
  EXPECT_EQ(Keys(watcher, 1), (std::vector<std::string>{"w4"}));
  EXPECT_GE(watcher.reopened_count(), 1);
}

TEST_F(ClientTest, WatchAndCallsMoveToAnotherMember) {
  StartCluster(3);
  Watcher watcher(*client_, WatchAll());
  ASSERT_TRUE(watcher.WaitUntilCreated(absl::Now() + kPatience).ok());
  // Each member dies once and returns, so the watch and the calls must move at least once.
  std::vector<std::string> expected;
  for (size_t i = 0; i < cluster_.size(); ++i) {
    cluster_[i]->Kill();
    expected.push_back(absl::StrCat("w", i));
    PutSurely(expected.back(), "v");
    cluster_[i]->Start();
    EXPECT_TRUE(client_->Range(Request("w0")).ok());
  }
  EXPECT_EQ(Keys(watcher, expected.size()), expected);
  EXPECT_GE(watcher.reopened_count(), 1);
  EXPECT_EQ(watcher.Next(absl::Now() + absl::Milliseconds(50)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ClientTest, WatchOfForgottenHistoryEnds) {
  StartCluster(1);
  ASSERT_TRUE(client_->Put("w1", "a").ok());
  const int64_t revision = client_->Put("w1", "b")->header().revision();
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(revision);
  ASSERT_TRUE(client_->Compact(compaction).ok());
  auto request = WatchAll();
  request.set_start_revision(1);
  Watcher watcher(*client_, request);
  const auto response = watcher.Next(absl::Now() + kPatience);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(response->canceled());
  EXPECT_EQ(response->compact_revision(), revision);
  EXPECT_TRUE(absl::IsFailedPrecondition(watcher.Next(absl::Now() + kPatience).status()));
}

TEST_F(ClientTest, WatchCanBeCancelledByAnotherThread) {
  StartCluster(1);
  Watcher watcher(*client_, WatchAll());
  ASSERT_TRUE(watcher.WaitUntilCreated(absl::Now() + kPatience).ok());
  std::thread canceller([&watcher] { watcher.Cancel(); });
  EXPECT_TRUE(absl::IsCancelled(watcher.Next(absl::Now() + kPatience).status()));
  canceller.join();
}

TEST(ClientWithoutServer, GivesUpAfterTheDialTimeout) {
  ClientOptions options;
  options.endpoints = {absl::StrCat("127.0.0.1:", FreePorts(1)[0])};
  options.dial_timeout = absl::Milliseconds(200);
  auto client = *Client::Create(options);
  const absl::Time start = absl::Now();
  const absl::Status status = client->Put("k", "v").status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), options.endpoints[0])) << status;
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));

  Watcher watcher(*client, {});
  EXPECT_TRUE(absl::IsUnavailable(watcher.Next(absl::Now() + kPatience).status()));
}

TEST(ClientWithoutServer, RefusesUnusableEndpoints) {
  ClientOptions options;
  options.endpoints = {"a:1", "ftp://b"};
  EXPECT_TRUE(absl::IsInvalidArgument(Client::Create(options).status()));
  options.endpoints = {};
  EXPECT_TRUE(absl::IsInvalidArgument(Client::Create(options).status()));
}

TEST(PrefixRangeEndTest, IsTheFirstKeyBehind) {
  EXPECT_EQ(PrefixRangeEnd("a"), "b");
  EXPECT_EQ(PrefixRangeEnd("a\xff"), "b");
  EXPECT_EQ(PrefixRangeEnd("\xff\xff"), std::string(1, '\0'));
}

}  // namespace
}  // namespace stele::client
