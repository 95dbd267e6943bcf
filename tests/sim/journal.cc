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
    "io_error",
    "restart",
    "slow_sync",
    "pause",
    "hunted",
    "partition",
    "one_way_partition",
    "clog",
    "lost",
    "duplicated",
    "replayed",
    "leader",
    "quorum_lost",
    "transfer",
    "transfer_aborted",
    "truncated",
    "vote_refused",
    "snapshot_sent",
    "snapshot_failed",
    "snapshot_installed",
    "switch_after_crash",
    "log_released",
    "committed",
    "write_acked",
    "write_refused",
    "write_unknown",
    "unknown_write_applied",
    "read_served",
    "read_failed",
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
