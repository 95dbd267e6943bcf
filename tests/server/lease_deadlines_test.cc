#include "src/server/lease/lease_deadlines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration At(int seconds) { return absl::Seconds(seconds); }

TEST(LeaseDeadlinesTest, ALeaseExpiresAfterItsTtlAndNotBefore) {
  LeaseDeadlines leases;
  leases.Grant(1, 10, At(0));
  EXPECT_THAT(leases.TakeExpired(At(10) - absl::Nanoseconds(1), 9), IsEmpty());
  EXPECT_THAT(leases.TakeExpired(At(10), 9), ElementsAre(1));
  EXPECT_THAT(leases.TakeExpired(At(11), 9), IsEmpty()) << "a revoke is proposed once";
}

TEST(LeaseDeadlinesTest, RenewingGivesTheWholeTtlAgain) {
  LeaseDeadlines leases;
  leases.Grant(1, 10, At(0));
  EXPECT_TRUE(leases.Renew(1, At(9)));
  EXPECT_THAT(leases.TakeExpired(At(18), 9), IsEmpty());
  EXPECT_THAT(leases.TakeExpired(At(19), 9), ElementsAre(1));
}

TEST(LeaseDeadlinesTest, AnExpiringLeaseIsPromisedNothing) {
  LeaseDeadlines leases;
  leases.Grant(1, 10, At(0));
  leases.TakeExpired(At(10), 9);
  EXPECT_FALSE(leases.Renew(1, At(10)));
  EXPECT_FALSE(leases.Renew(2, At(10))) << "nor is an unknown one";
}

TEST(LeaseDeadlinesTest, SoonestFirstAndNoMoreThanAsked) {
  LeaseDeadlines leases;
  leases.Grant(1, 30, At(0));
  leases.Grant(2, 10, At(0));
  leases.Grant(3, 20, At(0));
  EXPECT_THAT(leases.IdsByDeadline(), ElementsAre(2, 3, 1));
  EXPECT_THAT(leases.TakeExpired(At(60), 2), ElementsAre(2, 3));
  EXPECT_EQ(leases.NextDeadline(), At(30));
}

TEST(LeaseDeadlinesTest, ANewLeaderNeverShortens) {
  LeaseDeadlines leases;
  leases.Grant(1, 10, At(0));
  leases.TakeExpired(At(10), 9);
  leases.ExtendAll(At(10), At(1));
  EXPECT_EQ(leases.Find(1)->deadline, At(21));
  EXPECT_FALSE(leases.Find(1)->expiring) << "a former leader's proposal died with its term";
  leases.ExtendAll(At(5), At(0));
  EXPECT_EQ(leases.Find(1)->deadline, At(21));
}

TEST(LeaseDeadlinesTest, ALostRevokeIsOfferedAgain) {
  LeaseDeadlines leases;
  leases.Grant(1, 10, At(0));
  leases.TakeExpired(At(10), 9);
  leases.RetryExpiry(1, At(12));
  EXPECT_THAT(leases.TakeExpired(At(11), 9), IsEmpty());
  EXPECT_THAT(leases.TakeExpired(At(12), 9), ElementsAre(1));
  leases.Remove(1);
  leases.RetryExpiry(1, At(13));
  EXPECT_EQ(leases.NextDeadline(), std::nullopt);
}

TEST(LeaseDeadlinesTest, ALeaseIsPromisedNothingUntilItsRevokeIsOfferedAgain) {
  LeaseDeadlines leases;
  leases.Grant(1, 10, At(0));
  leases.TakeExpired(At(10), 9);
  leases.RetryExpiry(1, At(12));
  EXPECT_FALSE(leases.Renew(1, At(11))) << "the first revoke may yet be applied";
}

// Seed 76 of the full tier: the revoke of a former term timed out after a renewal in a new one.
TEST(LeaseDeadlinesTest, ARevokeOfAFormerTermIsNotOfferedAgain) {
  LeaseDeadlines leases;
  leases.Grant(1, 10, At(0));
  leases.TakeExpired(At(10), 9);
  leases.ExtendAll(At(11), At(1));
  EXPECT_TRUE(leases.Renew(1, At(14)));
  leases.RetryExpiry(1, At(17));
  EXPECT_THAT(leases.TakeExpired(At(23), 9), IsEmpty()) << "it was promised life until 24";
  EXPECT_THAT(leases.TakeExpired(At(24), 9), ElementsAre(1));
}

TEST(LeaseDeadlinesTest, APauseExtendsWhoIsNotExpiring) {
  LeaseDeadlines leases;
  leases.Grant(1, 10, At(0));
  leases.Grant(2, 20, At(0));
  leases.TakeExpired(At(10), 9);
  leases.ExtendLiving(At(30));
  EXPECT_FALSE(leases.Renew(1, At(30))) << "its revoke counts in this term";
  EXPECT_EQ(leases.Find(2)->deadline, At(50));
}

}  // namespace
}  // namespace stele::server
