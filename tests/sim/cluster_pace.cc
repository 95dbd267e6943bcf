#include "tests/sim/cluster_pace.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/raft/conf_change.h"

namespace stele::sim {
namespace {

constexpr Micros kTrafficWindow = 10 * kSecond;
constexpr std::uint64_t kMessagesPerCommit = 50;
constexpr std::uint64_t kMessagesPerEntry = 4;
constexpr Micros kSlowSyncMax = 400 * kMillisecond;
constexpr double kNegligible = 1e-9;    // a probability
constexpr std::uint64_t kMovesMax = 3;  // within a minute

// Whether messages and syncs are quick against an election timeout and rarely fail by themselves.
bool IsQuiet(const Swarm& swarm, Micros timeout) {
  // Leaders that are replaced at every slow sync may never bring a follower up to date that takes
  // one entry at a time.
  if (swarm.slow_sync > 0 && timeout < 2 * kSlowSyncMax) return false;
  const double sync =
      swarm.slow_sync > 0.1 ? static_cast<double>(kSlowSyncMax) : 5 * swarm.sync_mean;
  const double trip = static_cast<double>(swarm.delay_min) + 5 * swarm.delay_mean;
  return 2 * trip + 2 * sync < static_cast<double>(timeout) / 2 && swarm.very_slow_sync == 0 &&
         swarm.loss < 0.05;
}

}  // namespace

ClusterPace::ClusterPace(const Swarm* swarm, Cluster cluster)
    : swarm_(swarm),
      cluster_(std::move(cluster)),
      timeout_(swarm->tick * swarm->election_ticks),
      may_judge_(IsQuiet(*swarm, timeout_)) {}

void ClusterPace::Plan() {
  cluster_.queue->After(std::max<Micros>(timeout_ / 2, 250 * kMillisecond), [this] {
    if (stopped_) return;
    Look();
    Plan();
  });
}

void ClusterPace::Look() {
  const Micros now = cluster_.queue->now();
  if (const std::uint64_t committed = cluster_.history->last_committed().value;
      committed > committed_) {
    committed_ = committed;
    committed_at_ = now;
  }
  if (const raft::Index conf = cluster_.history->confs().committed_index(); conf != conf_) {
    conf_ = conf;
    conf_at_ = now;
  }
  CheckMessages();
  const std::vector<Member*> members = cluster_.members();
  CountDown(members);
  if (!may_judge_) return;
  CheckProgress(members);
  CheckChurn(members);
}

void ClusterPace::CountDown(const std::vector<Member*>& members) const {
  const raft::ConfState& conf = cluster_.history->confs().committed();
  std::size_t up = 0;
  for (const Member* member : members) {
    if (member->is_up() && raft::IsVoter(conf, member->id())) ++up;
  }
  if (up == 0) cluster_.journal->Reach(Mark::kAllDown);
  if (2 * up <= conf.voters.size()) cluster_.journal->Reach(Mark::kMajorityDown);
}

// A livelock sends without end: at network speed, not at that of heartbeats.
void ClusterPace::CheckMessages() {
  const Micros now = cluster_.queue->now();
  const Micros passed = now - traffic_.since;
  if (passed < kTrafficWindow) return;
  const Traffic current{now, cluster_.history->messages_sent(), cluster_.history->entries_sent(),
                        committed_};
  const auto machines = static_cast<std::uint64_t>(cluster_.members().size());
  const auto beats = static_cast<std::uint64_t>(passed / swarm_->tick / swarm_->heartbeat_ticks);
  // A heartbeat may bring an append, and each an answer; reads start rounds of their own.
  const auto reads =
      static_cast<std::uint64_t>(static_cast<double>(passed) * 8 / swarm_->operation_every);
  const std::uint64_t sent = current.messages - traffic_.messages;
  const std::uint64_t allowed = kMessagesPerCommit * (current.committed - traffic_.committed) +
                                kMessagesPerEntry * (current.entries - traffic_.entries) +
                                8 * machines * (beats + reads) + 1000;
  traffic_ = current;
  if (sent <= allowed) return;
  throw Violation(absl::StrCat(sent, " messages within 10 s for ", current.committed,
                               " entries in all; at most ", allowed, " were to be expected"));
}

// Members of the config that were undisturbed, with all links between them, for so long that
// nothing excuses them; none when those are no quorum.
std::vector<Member*> ClusterPace::SteadyMembers(const std::vector<Member*>& members) const {
  const Micros now = cluster_.queue->now();
  const Micros since = now - 12 * timeout_ - kSecond;
  const raft::ConfState& conf = cluster_.history->confs().committed();
  if (since < 0 || conf_at_ > since || raft::IsJoint(conf)) return {};
  std::vector<Member*> steady;
  for (Member* member : members) {
    if (cluster_.history->HasPendingConf(member->id())) return {};
    const bool fits = raft::IsVoter(conf, member->id()) && member->SteadySince() < since &&
                      std::all_of(steady.begin(), steady.end(), [&](const Member* other) {
                        return cluster_.network->SteadySince(member->id(), other->id()) < since &&
                               cluster_.network->SteadySince(other->id(), member->id()) < since;
                      });
    if (fits) steady.push_back(member);
  }
  if (2 * steady.size() <= conf.voters.size()) return {};
  return steady;
}

// A leader may be outside and have a quorum with some of the steady ones. Who is cut off from it
// waits, and rightly so: its writes prove nothing.
bool ClusterPace::ReachesLeader(raft::NodeId id, const std::vector<Member*>& steady,
                                Micros since) const {
  return std::ranges::all_of(steady, [&](const Member* member) {
    const raft::NodeId leader{member->facts().leader.load()};
    return leader == raft::kNoNode || leader == id ||
           (cluster_.network->SteadySince(id, leader) < since &&
            cluster_.network->SteadySince(leader, id) < since);
  });
}

void ClusterPace::CheckProgress(const std::vector<Member*>& members) {
  const Micros now = cluster_.queue->now();
  const Micros window = 10 * timeout_ + kSecond;
  const std::vector<Member*> steady = SteadyMembers(members);
  if (steady.empty()) return;
  cluster_.journal->Reach(Mark::kSteadyMajority);
  if (committed_at_ >= now - window) return;
  const auto is_steady = [&](raft::NodeId id) {
    const auto is_it = [id](const Member* member) { return member->id() == id; };
    return std::ranges::any_of(steady, is_it) && ReachesLeader(id, steady, now - window);
  };
  // A follower passes a write on in one message, which nobody repeats when the network loses it.
  const double loss = swarm_->loss + swarm_->corrupt + swarm_->misroute;
  const int writes = cluster_.clients->WritesTo(is_steady, now - window, now - window / 2);
  if (std::pow(loss, writes) > kNegligible) return;
  throw Violation(absl::StrCat("nothing was committed for ", window / kMillisecond, " ms although ",
                               steady.size(), " members were undisturbed"));
}

void ClusterPace::CheckChurn(const std::vector<Member*>& members) {
  // A leader whose disk takes longer than an election timeout is replaced, and rightly so.
  if (swarm_->slow_sync > 0 && timeout_ < 2 * kSlowSyncMax) return;
  const Micros now = cluster_.queue->now();
  const std::vector<Member*> steady = SteadyMembers(members);
  raft::NodeId leader;
  for (const Member* member : steady) {
    if (member->facts().is_leader) leader = member->id();
  }
  const bool moved = leader != raft::kNoNode && leader_ != raft::kNoNode && leader != leader_;
  const bool both_steady = std::any_of(steady.begin(), steady.end(), [this](const Member* member) {
    return member->id() == leader_;
  });
  if (moved && both_steady && swarm_->transfer_every == 0) moves_.push_back(now);
  leader_ = steady.empty() ? raft::kNoNode : leader;
  std::erase_if(moves_, [&](Micros time) { return time < now - 60 * kSecond; });
  if (moves_.size() <= kMovesMax) return;
  throw Violation(absl::StrCat("leadership moved ", moves_.size(),
                               " times in a minute between undisturbed members"));
}

}  // namespace stele::sim
