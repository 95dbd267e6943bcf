#include "tests/sim/journal.h"

#include <cstdio>

namespace stele::sim {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Mark::kCount)> kNames = {
    "crash",
    "crash_in_pass",
    "crash_in_recovery",
    "cluster_crash",
    "power_cut",
    "process_kill",
    "cut_loses_all",
    "cut_keeps_all",
    "cut_loses_some",
    "cut_tears_sectors",
    "cut_tears_words",
    "io_error",
    "write_error",
    "sync_error",
    "read_error",
    "no_space",
    "short_write",
    "disk_full",
    "start_without_space",
    "restart",
    "slow_sync",
    "stalled_sync",
    "stalled_leader_replaced",
    "pause",
    "long_pause",
    "slow_processor",
    "hunted",
    "isolated",
    "halved",
    "ring",
    "bridge",
    "one_way_partition",
    "single_link_cut",
    "clog",
    "lost",
    "duplicated",
    "replayed",
    "misrouted",
    "corrupted",
    "all_down",
    "majority_down",
    "pre_candidate",
    "candidate",
    "candidate_by_transfer",
    "election_lost",
    "leader",
    "leader_by_transfer",
    "quorum_lost",
    "vote_granted",
    "vote_refused",
    "pre_vote_refused",
    "transfer",
    "transfer_aborted",
    "stepped_down_removed",
    "dropped_misaddressed",
    "dropped_stale_term",
    "dropped_leader_alive",
    "dropped_unexpected_role",
    "dropped_unknown_member",
    "dropped_senseless",
    "truncated",
    "truncated_conf",
    "older_term_committed",
    "read_round",
    "reads_rejected",
    "proposals_dropped",
    "conf_proposed",
    "conf_refused",
    "conf_committed",
    "joint_entered",
    "joint_left",
    "joint_held",
    "learner_added",
    "learner_promoted",
    "voter_added",
    "voter_removed",
    "voter_demoted",
    "leader_removed",
    "dead_member_removed",
    "member_replaced",
    "several_voters_changed",
    "shrunk_to_one",
    "member_retired",
    "removed_member_started",
    "joiner_started",
    "election_while_joint",
    "crash_while_joint",
    "snapshot_while_joint",
    "snapshot_to_learner",
    "snapshot_sent",
    "snapshot_failed",
    "snapshot_installed",
    "switch_after_crash",
    "log_released",
    "segment_recycled",
    "committed",
    "write_acked",
    "write_refused",
    "write_unknown",
    "unknown_write_applied",
    "read_served",
    "read_failed",
    "steady_majority",
};
static_assert(!kNames.back().empty());

}  // namespace

std::string_view NameOf(Mark mark) { return kNames[static_cast<std::size_t>(mark)]; }

void Journal::Tell(Micros time, std::uint64_t member, std::string_view line) const {
  if (!tells_) return;
  std::printf("%12.6f ", static_cast<double>(time) / static_cast<double>(kSecond));
  if (member == 0) {
    std::printf("--  ");
  } else {
    std::printf("n%llu  ", static_cast<unsigned long long>(member));
  }
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
}

}  // namespace stele::sim
