#include "src/server/reads.h"

#include <gtest/gtest.h>

#include <vector>

#include "src/server/api/errors.h"
#include "tests/server/fake_clock.h"

namespace stele::server {
namespace {

class ReadsTest : public ::testing::Test {
 protected:
  ReadsTest()
      : reads_({absl::Seconds(7), absl::Milliseconds(500)}, &clock_, [this] {
          ++views_taken_;
          return Reader::View();
        }) {}

  void Read() {
    reads_.Linearizable(
        [this](const absl::StatusOr<Reader::View>& view) { outcomes_.push_back(view.status()); });
  }

  FakeClock clock_;
  int views_taken_ = 0;
  std::vector<absl::Status> outcomes_;
  Reads reads_;
};

TEST_F(ReadsTest, AReadWaitsForItsIndexToBeApplied) {
  Read();
  const std::uint64_t round = reads_.StartRound();
  reads_.OnReadState({round, raft::Index{5}, false});
  reads_.OnApplied(raft::Index{4});
  EXPECT_FALSE(reads_.RunOnce());
  reads_.OnApplied(raft::Index{5});
  EXPECT_TRUE(reads_.RunOnce());
  EXPECT_EQ(outcomes_, std::vector<absl::Status>{absl::OkStatus()});
}

TEST_F(ReadsTest, AllThatWaitShareOneRoundAndOneView) {
  Read();
  Read();
  const std::uint64_t round = reads_.StartRound();
  Read();  // too late for that round
  EXPECT_NE(round, 0u);
  reads_.OnReadState({round, raft::Index{0}, false});
  reads_.RunOnce();
  EXPECT_EQ(outcomes_.size(), 2u);
  EXPECT_EQ(views_taken_, 1);
  EXPECT_NE(reads_.StartRound(), 0u);
}

TEST_F(ReadsTest, ARefusedRoundIsAskedAgainAtTheNextTick) {
  Read();
  reads_.RoundRefused(reads_.StartRound());
  EXPECT_EQ(reads_.StartRound(), 0u) << "not at once: that would spin while there is no leader";
  reads_.OnTick();
  const std::uint64_t round = reads_.StartRound();
  reads_.OnReadState({round, raft::Index{0}, true});  // leadership changed under it
  reads_.OnTick();
  reads_.OnReadState({reads_.StartRound(), raft::Index{0}, false});
  reads_.RunOnce();
  EXPECT_EQ(outcomes_, std::vector<absl::Status>{absl::OkStatus()});
}

TEST_F(ReadsTest, ALostRoundIsAskedAgainUnderAnotherId) {
  Read();
  const std::uint64_t lost = reads_.StartRound();
  clock_.Advance(absl::Milliseconds(500));
  reads_.OnTick();
  const std::uint64_t again = reads_.StartRound();
  EXPECT_NE(again, lost);
  reads_.OnReadState({lost, raft::Index{0}, false});
  EXPECT_FALSE(reads_.RunOnce());
  reads_.OnReadState({again, raft::Index{0}, false});
  EXPECT_TRUE(reads_.RunOnce());
}

TEST_F(ReadsTest, NobodyWaitsLongerThanTheRequestTimeout) {
  Read();
  reads_.RoundRefused(reads_.StartRound());
  Read();
  reads_.OnReadState({reads_.StartRound(), raft::Index{9}, false});  // never applied
  clock_.Advance(absl::Seconds(7));
  reads_.OnTick();
  EXPECT_EQ(outcomes_, (std::vector<absl::Status>{TimeoutError(), TimeoutError()}));
}

TEST_F(ReadsTest, ShutdownLeavesNobodyWaiting) {
  Read();
  reads_.StartRound();
  Read();
  reads_.Shutdown();
  Read();
  EXPECT_EQ(outcomes_, (std::vector<absl::Status>{StoppedError(), StoppedError(), StoppedError()}));
}

}  // namespace
}  // namespace stele::server
