// Members come and go by `stele member` commands while clients write.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <optional>

#include "tests/process/cluster.h"
#include "tests/process/ports.h"
#include "tests/process/retrying_load.h"
#include "tests/process/stele_command.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr int kExitRemoved = 3;
constexpr char kRemoved[] = "the member has been permanently removed from the cluster";

class MembershipTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!ServerIsStele()) GTEST_SKIP() << ServerBinary() << " makes other promises";
  }

  void Start(int members) {
    cluster_.emplace(Cluster::Options{.members = members});
    for (int i = 0; i < members; ++i) inside_.push_back(i);
    load_.emplace(Addresses(), RetryingLoad::Options{});
    ExpectWritesGoOn();
  }

  // Client addresses of all members that belong to the cluster now.
  std::vector<std::string> Addresses() const {
    std::vector<std::string> addresses;
    for (const int member : inside_) addresses.push_back(cluster_->address(member));
    return addresses;
  }

  std::string Id(int member) { return absl::StrCat(absl::Hex(IdNumber(member))); }
  std::uint64_t IdNumber(int member) {
    const auto known = ids_.find(member);
    if (known != ids_.end()) return known->second;
    const auto status = cluster_->client(member).Status(kPatience);
    EXPECT_TRUE(status.ok()) << status.status();
    return ids_[member] = status.ok() ? status->header().member_id() : 0;
  }
  std::uint64_t Term(int member) {
    const auto status = cluster_->client(member).Status(kPatience);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? status->raftterm() : 0;
  }

  // Adds a member and starts it with what the command printed; answers its number.
  int Add(const std::string& name, const std::vector<std::string>& flags = {}) {
    const int member = cluster_->Prepare(name);
    std::vector<std::string> words{"member", "add", name,
                                   absl::StrCat("--peer-urls=", cluster_->peer_url(member))};
    words.insert(words.end(), flags.begin(), flags.end());
    const std::string output = Stele(Addresses(), words);
    EXPECT_EQ(EnvironmentValue(output, "ETCD_NAME"), name);
    EXPECT_EQ(EnvironmentValue(output, "ETCD_INITIAL_CLUSTER_STATE"), "existing");
    cluster_->Join(member, EnvironmentValue(output, "ETCD_INITIAL_CLUSTER"));
    return member;
  }
  int AddVoter(const std::string& name) {
    const int member = Add(name);
    cluster_->WaitUntilServing(member);
    inside_.push_back(member);
    load_->SetAddresses(Addresses());
    ExpectWritesGoOn();
    return member;
  }

  // The clients go on asking the removed member until it is gone.
  void Remove(int member) {
    const std::string id = Id(member);
    const std::string output = Stele(Addresses(), {"member", "remove", id});
    EXPECT_TRUE(absl::StrContains(output, "removed from cluster")) << output;
    ExpectStopsAsRemoved(member);
    std::erase(inside_, member);
    load_->SetAddresses(Addresses());
    ExpectWritesGoOn();
  }

  void ExpectStopsAsRemoved(int member) {
    EXPECT_EQ(cluster_->process(member).WaitForExit(kPatience), kExitRemoved);
    EXPECT_TRUE(absl::StrContains(cluster_->process(member).Output(), kRemoved));
  }

  void ExpectWritesGoOn() {
    EXPECT_TRUE(load_->AwaitAcknowledged(50, kPatience)) << "writes do not go on";
  }

  // Stops the load and expects that nothing failed and nothing was lost.
  void Finish() {
    load_->Stop();
    const RetryingLoad::Figures figures = load_->figures();
    const std::int64_t lost = load_->CountLost(cluster_->client(inside_.front()));
    EXPECT_EQ(lost, 0);
    EXPECT_EQ(figures.failed, 0);
    std::cout << "acknowledged writes " << figures.acknowledged << ", lost " << lost << ", failed "
              << figures.failed << ", retried " << figures.retried << ", slowest "
              << figures.slowest << "\n";
  }

  std::optional<Cluster> cluster_;
  std::vector<int> inside_;
  std::map<int, std::uint64_t> ids_;
  std::optional<RetryingLoad> load_;
};

TEST_F(MembershipTest, FromOneMemberToFiveAndBack) {
  Start(1);
  for (const char* name : {"m1", "m2", "m3", "m4"}) AddVoter(name);
  const std::string list = Stele(Addresses(), {"member", "list"});
  EXPECT_EQ(std::vector<std::string>(absl::StrSplit(list, '\n', absl::SkipEmpty())).size(), 5u);
  EXPECT_FALSE(absl::StrContains(list, "unstarted")) << list;
  EXPECT_FALSE(absl::StrContains(list, "true")) << "nobody is a learner: " << list;
  Remove(cluster_->Leader());
  Remove(cluster_->Leader());
  while (inside_.size() > 1) Remove(inside_.back());
  Finish();
  const CommandOutcome last = RunStele(Addresses(), {"member", "remove", Id(inside_.front())});
  EXPECT_EQ(last.exit_code, 1);
  EXPECT_EQ(last.output,
            "Error: etcdserver: re-configuration failed due to not enough started members\n");
}

TEST_F(MembershipTest, ADeadMemberIsReplacedAndStopsWhenItComesBack) {
  Start(3);
  const int leader = cluster_->Leader();
  const int dead = (leader + 1) % 3;
  const std::string dead_id = Id(dead);
  cluster_->Kill(dead);
  std::erase(inside_, dead);
  load_->SetAddresses(Addresses());
  ExpectWritesGoOn();
  Stele(Addresses(), {"member", "remove", dead_id});
  AddVoter("m3");

  const std::uint64_t term = Term(leader);
  for (int i = 0; i < 2; ++i) {
    cluster_->Restart(dead);
    ExpectStopsAsRemoved(dead);
  }
  ExpectWritesGoOn();
  EXPECT_EQ(Term(leader), term) << "it must not have disturbed anybody";
  Finish();
}

TEST_F(MembershipTest, ALearnerIsPromotedOnceItHasCaughtUpAndCanLead) {
  Start(1);
  const int prepared = cluster_->Prepare("l1");
  const std::string url = absl::StrCat("--peer-urls=", cluster_->peer_url(prepared));
  const std::string output = Stele(Addresses(), {"member", "add", "l1", "--learner", url});
  EXPECT_TRUE(absl::StrContains(output, " added as learner to cluster ")) << output;
  const CommandOutcome second =
      RunStele(Addresses(), {"member", "add", "l2", "--learner", "--peer-urls=http://127.0.0.1:1"});
  EXPECT_EQ(second.output, "Error: etcdserver: too many learner members in cluster\n");
  const std::string listed = Stele(Addresses(), {"member", "list"});
  std::string id;
  for (const absl::string_view line : absl::StrSplit(listed, '\n')) {
    if (absl::StrContains(line, "unstarted")) id = std::string(line.substr(0, line.find(',')));
  }
  const std::string not_ready =
      "Error: etcdserver: can only promote a learner member which is in sync with leader\n";
  EXPECT_EQ(RunStele(Addresses(), {"member", "promote", id}).output, not_ready);

  cluster_->Join(prepared, EnvironmentValue(output, "ETCD_INITIAL_CLUSTER"));
  etcdserverpb::RangeRequest read;
  read.set_key("retrying/0/0");
  read.set_serializable(true);
  EXPECT_TRUE(WaitFor(kPatience, [&] {
    const auto reply = cluster_->client(prepared).Range(read, absl::Seconds(1));
    return reply.ok() && reply->count() == 1;
  })) << "the learner does not serve stale reads";
  read.set_serializable(false);
  EXPECT_EQ(cluster_->client(prepared).Range(read, absl::Seconds(1)).status().message(),
            "etcdserver: rpc not supported for learner");
  EXPECT_TRUE(WaitFor(kPatience, [&] {
    return RunStele(Addresses(), {"member", "promote", id}).exit_code == 0;
  }));
  inside_.push_back(prepared);
  cluster_->WaitUntilServing(prepared);
  EXPECT_EQ(Id(prepared), id);
  const std::string moved = Stele(Addresses(), {"move-leader", id});
  EXPECT_EQ(moved, absl::StrCat("Leadership transferred from ", Id(0), " to ", id, "\n"));
  EXPECT_EQ(cluster_->Leader(), prepared);
  EXPECT_EQ(RunStele(Addresses(), {"move-leader", "abc"}).output,
            "Error: etcdserver: bad leader transferee\n");
  Finish();
}

TEST_F(MembershipTest, AMemberMovesToAnotherPeerUrl) {
  Start(3);
  const int moved = (cluster_->Leader() + 1) % 3;
  const std::string id = Id(moved);
  const std::string url = absl::StrCat("http://127.0.0.1:", FreePorts(1)[0]);
  Stele(Addresses(), {"member", "update", id, absl::StrCat("--peer-urls=", url)});
  const CommandOutcome taken = RunStele(
      Addresses(), {"member", "update", Id((moved + 1) % 3), absl::StrCat("--peer-urls=", url)});
  EXPECT_EQ(taken.output, "Error: etcdserver: Peer URLs already exists\n");
  cluster_->Kill(moved);
  ExpectWritesGoOn();
  cluster_->set_peer_url(moved, url);
  cluster_->Restart(moved);
  cluster_->WaitUntilServing(moved);
  EXPECT_TRUE(absl::StrContains(Stele(Addresses(), {"member", "list"}), url));
  Finish();
}

TEST_F(MembershipTest, JoiningSurvivesKillsAndRefusesWhatDoesNotFit) {
  Start(3);
  const int joiner = Add("m3");
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(WaitFor(kPatience, [&] {
      return std::filesystem::exists(cluster_->data_dir(joiner) / "member" / "wal");
    }));
    cluster_->Kill(joiner);
    cluster_->Restart(joiner);
  }
  cluster_->WaitUntilServing(joiner);
  inside_.push_back(joiner);
  load_->SetAddresses(Addresses());

  const auto refusal = [this](const std::string& name, const std::string& initial_cluster) {
    const int stranger = cluster_->Prepare(name);
    cluster_->Join(stranger,
                   absl::StrCat(initial_cluster, ",", name, "=", cluster_->peer_url(stranger)));
    EXPECT_EQ(cluster_->process(stranger).WaitForExit(kPatience), 1);
    return cluster_->process(stranger).Output();
  };
  std::vector<std::string> founders;
  for (int i = 0; i < 3; ++i) founders.push_back(absl::StrCat("m", i, "=", cluster_->peer_url(i)));
  const std::string three = absl::StrJoin(founders, ",");
  const std::string four = absl::StrCat(three, ",m3=", cluster_->peer_url(joiner));
  EXPECT_TRUE(absl::StrContains(refusal("x", four), "member count is unequal"));
  EXPECT_TRUE(absl::StrContains(refusal("y", three), "unmatched member"));
  EXPECT_TRUE(absl::StrContains(refusal("z", "m9=http://127.0.0.1:1"),
                                "cannot fetch cluster info from peer urls"));

  // Its data is its promise: without it, it must not come back under its old id.
  cluster_->Kill(joiner);
  std::filesystem::remove_all(cluster_->data_dir(joiner));
  cluster_->Restart(joiner);
  EXPECT_EQ(cluster_->process(joiner).WaitForExit(kPatience), 1);
  EXPECT_TRUE(absl::StrContains(cluster_->process(joiner).Output(), "has been started before"));
  std::erase(inside_, joiner);
  load_->SetAddresses(Addresses());
  ExpectWritesGoOn();
  Finish();
}

}  // namespace
}  // namespace stele::process
