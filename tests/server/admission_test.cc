#include "src/server/admission.h"

#include "gtest/gtest.h"

namespace stele::server {
namespace {

using Verdict = Admission::Verdict;

constexpr raft::NodeId kSelf{1};
constexpr raft::NodeId kSecond{2};
constexpr raft::NodeId kThird{3};
constexpr absl::Duration kStart = absl::Seconds(100);
constexpr absl::Duration kPatience = absl::Milliseconds(500);
const absl::Duration kLater = kStart + kPatience;

Admission ThirdStart(std::vector<raft::NodeId> voters) {
  return Admission({kSelf, 3, raft::Index{40}}, std::move(voters), kStart, kPatience);
}

TEST(AdmissionTest, TheOnlyVoterNeedsNobody) {
  EXPECT_EQ(ThirdStart({kSelf}).Judge(kStart), Verdict::kAdmitted);
}

TEST(AdmissionTest, AdmittedAtOnceWhenAllOthersAgree) {
  Admission admission = ThirdStart({kSelf, kSecond, kThird});
  EXPECT_EQ(admission.Missing(), (std::vector<raft::NodeId>{kSecond, kThird}));
  admission.OnAnswer(kSecond, {.known_epoch = 2, .acked_index = 40});
  EXPECT_EQ(admission.Judge(kStart), Verdict::kWait);
  admission.OnAnswer(kThird, {.known_epoch = 0, .acked_index = 0});
  EXPECT_TRUE(admission.Missing().empty());
  EXPECT_EQ(admission.Judge(kStart), Verdict::kAdmitted);
}

TEST(AdmissionTest, AMajorityIsEnoughAfterAWhile) {
  Admission admission = ThirdStart({kSelf, kSecond, kThird});
  admission.OnAnswer(kThird, {.known_epoch = 2});
  EXPECT_EQ(admission.Judge(kLater - absl::Milliseconds(1)), Verdict::kWait);
  EXPECT_EQ(admission.Judge(kLater), Verdict::kAdmitted);
}

TEST(AdmissionTest, AMinorityIsNeverEnough) {
  Admission admission = ThirdStart({kSelf, kSecond, kThird, raft::NodeId{4}});
  admission.OnAnswer(kThird, {.known_epoch = 2});
  EXPECT_EQ(admission.Judge(kLater + absl::Hours(1)), Verdict::kWait);
}

TEST(AdmissionTest, ALearnerDoesNotCountItself) {
  Admission admission = ThirdStart({kSecond, kThird});
  admission.OnAnswer(kThird, {});
  EXPECT_EQ(admission.Judge(kLater), Verdict::kWait);
  admission.OnAnswer(kSecond, {});
  EXPECT_EQ(admission.Judge(kLater), Verdict::kAdmitted);
}

TEST(AdmissionTest, AStartThatTheDirectoryDoesNotKnowIsDamage) {
  Admission admission = ThirdStart({kSelf, kSecond, kThird});
  admission.OnAnswer(kSecond, {.known_epoch = 3});
  EXPECT_EQ(admission.Judge(kStart), Verdict::kDamaged);
  EXPECT_NE(admission.cause().find("remembers start 3"), std::string::npos) << admission.cause();
  // One member that remembers outweighs any number that do not.
  admission.OnAnswer(kThird, {.known_epoch = 0});
  EXPECT_EQ(admission.Judge(kLater), Verdict::kDamaged);
}

TEST(AdmissionTest, ALogShorterThanWhatWasAcknowledgedIsDamage) {
  Admission admission = ThirdStart({kSelf, kSecond, kThird});
  admission.OnAnswer(kSecond, {.known_epoch = 2, .acked_index = 41});
  EXPECT_EQ(admission.Judge(kStart), Verdict::kDamaged);
  EXPECT_NE(admission.cause().find("ends at entry 40"), std::string::npos) << admission.cause();
}

}  // namespace
}  // namespace stele::server
