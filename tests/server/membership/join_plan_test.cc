// How a joining member finds itself in its cluster, and what it says when it cannot.
#include "src/server/membership/join_plan.h"

#include <gtest/gtest.h>

#include <string>

namespace stele::server {
namespace {

class JoinPlanTest : public ::testing::Test {
 protected:
  JoinPlanTest() {
    options_.name = "b";
    options_.data_dir = "b.stele";
    options_.initial_members = {{"a", {"http://a:1"}}, {"b", {"http://b:1", "http://b:2"}}};
    cluster_.set_cluster_id(0xc);
    Add(0x1, "a", {"http://a:1"});
    Add(0x2, "", {"http://b:2", "http://b:1"});
    *cluster_.add_founders() = cluster_.members(0);
  }

  void Add(std::uint64_t id, const std::string& name, const std::vector<std::string>& urls) {
    stelepb::MemberRecord* member = cluster_.add_members();
    member->set_id(id);
    member->set_name(name);
    *member->mutable_peer_urls() = {urls.begin(), urls.end()};
  }
  std::string Refusal() {
    const absl::StatusOr<JoinPlan> plan = MatchMembers(options_, cluster_);
    EXPECT_FALSE(plan.ok());
    return std::string(plan.status().message());
  }

  Options options_;
  stelepb::MemberList cluster_;
};

TEST_F(JoinPlanTest, ItBeginsAsTheFoundersDid) {
  const absl::StatusOr<JoinPlan> plan = MatchMembers(options_, cluster_);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->identity.cluster_id, 0xcU);
  EXPECT_EQ(plan->identity.self.value, 0x2U);
  EXPECT_EQ(plan->conf_state.voters, std::vector<raft::NodeId>{{0x1}});
  ASSERT_EQ(plan->founders.size(), 1U);
  ASSERT_EQ(plan->peers.size(), 1U);
  EXPECT_EQ(plan->peers[0].host_ports, std::vector<std::string>{"a:1"});
}

TEST_F(JoinPlanTest, MismatchesAreOneLine) {
  options_.initial_members.push_back({"c", {"http://c:1"}});
  EXPECT_EQ(Refusal(),
            "--initial-cluster: error validating peerURLs {1=http://a:1 2=http://b:1,http://b:2}: "
            "member count is unequal");
  options_.initial_members.pop_back();
  options_.initial_members[0].peer_urls = {"http://x:1"};
  EXPECT_NE(Refusal().find("unmatched member 1 while checking PeerURLs"), std::string::npos);
}

TEST_F(JoinPlanTest, WhoLostItsDataMustNotComeBackUnderItsId) {
  cluster_.mutable_members(1)->set_name("b");
  EXPECT_NE(Refusal().find("has been started before"), std::string::npos);
}

TEST_F(JoinPlanTest, AClusterWithoutFoundersCannotBeJoined) {
  cluster_.clear_founders();
  EXPECT_NE(Refusal().find("founded"), std::string::npos);
}

}  // namespace
}  // namespace stele::server
