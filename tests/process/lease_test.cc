// Leases against the clock: a key lives at least its TTL from the last renewal and at most a little
// longer, also when the leader that counts the time is killed.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <vector>

#include "tests/process/cluster.h"
#include "tests/process/load_keys.h"

namespace stele::process {
namespace {

constexpr absl::Duration kCall = absl::Seconds(5);
// Beyond its TTL a lease may live for two election time-outs (reliability goal G13) and what a busy
// machine adds.
constexpr absl::Duration kLateness = absl::Seconds(3);

class LeaseTest : public ::testing::Test {
 protected:
  struct Lease {
    std::int64_t id = 0;
    absl::Duration ttl;
    std::string key;
    std::int64_t renewal_start_ns = 0;  // Of the last renewal (or grant) that succeeded.
    std::int64_t renewal_end_ns = 0;
    std::int64_t last_seen_ns = 0;   // A read that began then still showed the key.
    std::int64_t first_gone_ns = 0;  // A read that ended then did not.
  };

  // Grants a lease through `member` and attaches one key to it.
  void Grant(int member, std::int64_t ttl_s) {
    Lease lease{.ttl = absl::Seconds(ttl_s), .key = LoadKey(leases_.size())};
    lease.renewal_start_ns = MonotonicNs();
    const auto grant = cluster_.client(member).LeaseGrant(ttl_s, kCall);
    lease.renewal_end_ns = MonotonicNs();
    ASSERT_TRUE(grant.ok()) << grant.status();
    EXPECT_EQ(grant->ttl(), ttl_s);
    lease.id = grant->id();
    etcdserverpb::PutRequest put;
    put.set_key(lease.key);
    put.set_lease(lease.id);
    ASSERT_TRUE(cluster_.client(member).Put(put, kCall).ok());
    leases_.push_back(lease);
  }

  // Renews through any member that answers; false if none does.
  bool Renew(Lease& lease) {
    for (int member = 0; member < cluster_.size(); ++member) {
      const std::int64_t start_ns = MonotonicNs();
      const auto reply = cluster_.client(member).KeepAliveOnce(lease.id, absl::Seconds(1));
      if (!reply.ok() || reply->ttl() == 0) continue;
      lease.renewal_start_ns = start_ns;
      lease.renewal_end_ns = MonotonicNs();
      return true;
    }
    return false;
  }

  // Reads through any member that answers and notes which keys are there and which are gone.
  void Observe() {
    for (int member = 0; member < cluster_.size(); ++member) {
      etcdserverpb::RangeRequest range;
      range.set_key(kLoadPrefix);
      range.set_range_end(kLoadPrefixEnd);
      const std::int64_t start_ns = MonotonicNs();
      const auto reply = cluster_.client(member).Range(range, absl::Seconds(1));
      const std::int64_t end_ns = MonotonicNs();
      if (!reply.ok()) continue;
      for (Lease& lease : leases_) {
        const bool there = std::ranges::any_of(
            reply->kvs(), [&lease](const mvccpb::KeyValue& kv) { return kv.key() == lease.key; });
        if (there) {
          EXPECT_EQ(lease.first_gone_ns, 0) << lease.key << " came back";
          lease.last_seen_ns = start_ns;
        } else if (lease.first_gone_ns == 0) {
          lease.first_gone_ns = end_ns;
        }
      }
      return;
    }
  }

  bool AllGone() {
    Observe();
    return std::ranges::none_of(leases_,
                                [](const Lease& lease) { return lease.first_gone_ns == 0; });
  }

  // Waits until every key is gone and expects that none went before its TTL. Lateness counts from
  // `latest_renewal_ns`, if that is later than the lease's own renewal.
  void ExpectExpiryInTime(std::int64_t latest_renewal_ns) {
    EXPECT_TRUE(WaitFor(absl::Seconds(30), [this] { return AllGone(); }));
    absl::Duration latest = absl::ZeroDuration();
    for (const Lease& lease : leases_) {
      EXPECT_GE(absl::Nanoseconds(lease.first_gone_ns - lease.renewal_start_ns), lease.ttl)
          << lease.key << " expired too early";
      const absl::Duration late =
          absl::Nanoseconds(lease.last_seen_ns -
                            std::max(lease.renewal_end_ns, latest_renewal_ns)) -
          lease.ttl;
      EXPECT_LE(late, kLateness) << lease.key << " expired too late";
      latest = std::max(latest, late);
    }
    std::cout << leases_.size() << " leases expired, none early, the latest " << latest
              << " after its time\n";
  }

  Cluster cluster_{{}};
  std::vector<Lease> leases_;
};

TEST_F(LeaseTest, ExpireAfterTheirTtlAndNotBefore) {
  for (int i = 0; i < 12; ++i) ASSERT_NO_FATAL_FAILURE(Grant(i % cluster_.size(), 2 + i % 2));
  // Renewed leases outlive their first TTL.
  const absl::Time until = absl::Now() + absl::Seconds(3);
  while (absl::Now() < until) {
    for (std::size_t i = 0; i < leases_.size(); i += 2) EXPECT_TRUE(Renew(leases_[i]));
    Observe();
  }
  for (std::size_t i = 0; i < leases_.size(); i += 2) EXPECT_EQ(leases_[i].first_gone_ns, 0);
  ExpectExpiryInTime(0);
}

TEST_F(LeaseTest, SurviveTheLeaderThatCountedTheirTime) {
  for (int i = 0; i < 6; ++i) ASSERT_NO_FATAL_FAILURE(Grant(i % cluster_.size(), 3));
  const int leader = cluster_.Leader();
  cluster_.Kill(leader);
  // One lease is renewed as soon and as often as somebody answers, and so must not end.
  bool renewed = false;
  EXPECT_TRUE(WaitFor(absl::Seconds(20), [&] { return renewed = Renew(leases_[0]); }));
  // The new leader counts from its election, which was before it answered.
  const std::int64_t elected_before_ns = leases_[0].renewal_end_ns;
  const absl::Time until = absl::Now() + absl::Seconds(2);
  while (absl::Now() < until) {
    EXPECT_TRUE(Renew(leases_[0]));
    Observe();
  }
  EXPECT_EQ(leases_[0].first_gone_ns, 0) << "a renewed lease ended";
  cluster_.Restart(leader);
  cluster_.WaitUntilServing(leader);
  ExpectExpiryInTime(elected_before_ns);
}

}  // namespace
}  // namespace stele::process
