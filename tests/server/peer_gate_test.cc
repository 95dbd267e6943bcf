// Removed members are shut out, now and later.
#include "src/server/peer/peer_gate.h"

#include <gtest/gtest.h>

#include "src/server/api/errors.h"
#include "tests/server/watch/fake_call.h"

namespace stele::server {
namespace {

TEST(PeerGateTest, RemovedMembersAreShutOutNowAndLater) {
  PeerGate gate;
  const auto kept = std::make_shared<FakeCall>();
  const auto first = std::make_shared<FakeCall>();
  const auto second = std::make_shared<FakeCall>();
  EXPECT_TRUE(gate.Admit({1}, kept).ok());
  EXPECT_TRUE(gate.Admit({2}, first).ok());
  EXPECT_TRUE(gate.Admit({2}, second).ok());
  gate.Expel({2});
  EXPECT_FALSE(kept->finished().has_value());
  EXPECT_EQ(first->finished(), MemberRemovedError());
  EXPECT_EQ(second->finished(), MemberRemovedError());
  const auto later = std::make_shared<FakeCall>();
  EXPECT_TRUE(IsMemberRemoved(gate.Admit({2}, later)));
  gate.Expel({1, 2});
  EXPECT_TRUE(IsMemberRemoved(*kept->finished()));
}

TEST(PeerGateTest, CallsThatAreGoneAreNotHeld) {
  PeerGate gate;
  auto call = std::make_shared<FakeCall>();
  const std::weak_ptr<FakeCall> held = call;
  EXPECT_TRUE(gate.Admit({1}, call).ok());
  call.reset();
  EXPECT_TRUE(held.expired());
  gate.Expel({1});
}

}  // namespace
}  // namespace stele::server
