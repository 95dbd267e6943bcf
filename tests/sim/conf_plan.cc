#include "tests/sim/conf_plan.h"

#include <algorithm>

#include "src/raft/conf_change.h"
#include "tests/sim/swarm.h"

namespace stele::sim {
namespace {

using Ids = std::vector<raft::NodeId>;

constexpr std::size_t kVotersMax = 7;
constexpr std::size_t kLearnersMax = 2;

void Insert(Ids* ids, raft::NodeId id) {
  ids->insert(std::lower_bound(ids->begin(), ids->end(), id), id);
}

raft::NodeId TakeAny(Ids* ids, RandomStream* random) {
  const auto position = ids->begin() + static_cast<std::ptrdiff_t>(random->Below(ids->size()));
  const raft::NodeId id = *position;
  ids->erase(position);
  return id;
}

class Draw {
 public:
  Draw(const raft::ConfState& now, std::uint64_t machines, RandomStream* random)
      : plan_{now.voters, now.learners, "simple"}, machines_(machines), random_(random) {}

  std::optional<ConfPlan> Simple() {
    switch (random_->Below(6)) {
      case 0:
        return plan_.learners.size() < kLearnersMax && AddNew(&plan_.learners) ? Done() : Nothing();
      case 1:
        return plan_.voters.size() < kVotersMax && AddNew(&plan_.voters) ? Done() : Nothing();
      case 2:
        if (plan_.learners.empty()) return Nothing();
        TakeAny(&plan_.learners, random_);
        return Done();
      case 3:
      case 4:
        if (plan_.learners.empty()) return Nothing();
        Insert(&plan_.voters, TakeAny(&plan_.learners, random_));
        return Done();
      default:
        if (plan_.voters.size() < 2) return Nothing();
        TakeAny(&plan_.voters, random_);
        return Done();
    }
  }

  std::optional<ConfPlan> Joint() {
    plan_.mode = random_->Chance(0.3) ? "held" : "joint";
    // Replaces some: as many leave as come, or not quite.
    const std::uint64_t leave = 1 + random_->Below(2);
    const std::uint64_t come = random_->Below(3);
    for (std::uint64_t i = 0; i < leave && plan_.voters.size() > 1; ++i) {
      const raft::NodeId gone = TakeAny(&plan_.voters, random_);
      const bool may_stay = plan_.learners.size() < kLearnersMax;
      if (may_stay && random_->Chance(0.2)) Insert(&plan_.learners, gone);
    }
    bool came = false;
    for (std::uint64_t i = 0; i < come && plan_.voters.size() < kVotersMax; ++i) {
      came |= AddNew(&plan_.voters);
    }
    // Ids run out in the end; then the cluster should not shrink to nothing.
    return came || plan_.voters.size() >= 3 || random_->Chance(0.2) ? Done() : Nothing();
  }

 private:
  bool AddNew(Ids* ids) {
    if (machines_ >= kMachinesMax) return false;
    Insert(ids, raft::NodeId{++machines_});
    return true;
  }
  std::optional<ConfPlan> Done() { return plan_; }
  static std::optional<ConfPlan> Nothing() { return std::nullopt; }

  ConfPlan plan_;
  std::uint64_t machines_;
  RandomStream* const random_;
};

}  // namespace

std::optional<ConfPlan> DrawConfPlan(const raft::ConfState& now, std::uint64_t machines,
                                     RandomStream* random) {
  if (raft::IsJoint(now)) return ConfPlan{now.voters, {}, "leave"};
  Draw draw(now, machines, random);
  return random->Chance(0.6) ? draw.Simple() : draw.Joint();
}

raft::ConfState NextConf(const raft::ConfState& now, const ConfPlan& plan) {
  if (raft::IsJoint(now)) return raft::LeaveJoint(now);
  if (plan.mode == "joint" || plan.mode == "held") {
    return raft::EnterJoint(now, plan.voters, plan.learners, /*auto_leave=*/plan.mode == "joint");
  }
  raft::ConfState next;
  next.voters = plan.voters;
  next.learners = plan.learners;
  return next;
}

}  // namespace stele::sim
