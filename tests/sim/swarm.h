// What kind of world a seed lives in. Every seed draws its own mixture of faults, from mild to
// harsh: a uniform mixture would rarely leave any one of them room to act.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/event_queue.h"

namespace stele::sim {

// Mean times are of exponential distributions; 0 switches the fault off.
struct Swarm {
  int harshness = 0;  // 0 none, 1 mild, 2 medium, 3 harsh
  int members = 3;    // voters at the start

  // Time.
  Micros tick = 0;
  int heartbeat_ticks = 0;
  int election_ticks = 0;
  std::vector<std::int64_t> drift_ppm;  // by member: how much faster its clock goes
  double start_near_wrap = 0;           // chance of a clock that soon reaches 2^31 ms or 2^53 ns

  // Network, each way.
  Micros delay_min = 0;
  double delay_mean = 0;  // on top of the minimum
  double loss = 0;
  double duplicate = 0;
  double replay = 0;     // repeated up to 20 s later
  bool reorder = false;  // false: order on a link is kept
  double partition_every = 0;
  double partition_for = 0;
  double clog_every = 0;
  double misroute = 0;  // delivered to somebody else
  double corrupt = 0;   // damaged on the way, which the receiving transport notices

  // Disks.
  double sync_mean = 0;
  double slow_sync = 0;       // chance of up to 400 ms
  double very_slow_sync = 0;  // chance of 1 to 5 s
  double io_error = 0;        // chance per read, write and sync
  double stall_every = 0;     // a sync of 5 to 60 s
  double full_every = 0;      // no space for some seconds
  std::uint64_t segment_bytes = 0;

  // Processes.
  double crash_every = 0;          // per member
  double cluster_crash_every = 0;  // all at once
  double restart_after = 0;
  double quick_restart = 0;   // chance of a restart within 20 ms
  double power_cut = 0;       // share of crashes that take unsynced bytes along
  double recovery_crash = 0;  // chance of a crash during a start
  double pause_every = 0;
  Micros pause_max = 0;
  double slow_every = 0;  // a member's processor is slow for some seconds
  double transfer_every = 0;
  double conf_every = 0;  // changes of the members
  double hunt = 0;        // chance that a new leader is struck ...
  double hunt_after = 0;  // ... this soon

  // The members' settings.
  std::uint64_t append_bytes = 0;
  int inflight_appends = 0;
  std::uint64_t applying_bytes = 0;
  std::uint64_t uncommitted_bytes = 0;
  std::uint64_t snapshot_count = 0;
  std::uint64_t catch_up_entries = 0;
  std::uint64_t flush_every = 0;  // entries between the store's flush points
  double apply_mean = 0;
  double apply_stall = 0;  // chance of up to 1 s
  bool check_deeply = false;

  // Clients.
  double operation_every = 0;
  double read_share = 0;
  std::int64_t value_bytes_max = 0;
};

// At most so many machines take part in a run, counting those that were removed.
inline constexpr std::uint64_t kMachinesMax = 16;

// `members`: 0 to draw them too.
Swarm DrawSwarm(std::uint64_t seed, int members);
// All of it as "name=value ..."; times in us.
std::string Describe(const Swarm& swarm);
// The inverse. Names that are left out keep their defaults; false for anything else.
bool SwarmFromText(std::string_view text, Swarm* swarm);

}  // namespace stele::sim
