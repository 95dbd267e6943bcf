// How the simulated clients reach the members, and what they share: the history they note and what
// they know of each other's doings.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/history/history.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/full/daemon_rooms.h"
#include "tests/sim/full/full_marks.h"
#include "tests/sim/full/full_swarm.h"
#include "tests/sim/random_stream.h"

namespace stele::sim {

class ClientPort {
 public:
  using FindMember = std::function<Member*(raft::NodeId)>;
  // All pointers outlive the port.
  ClientPort(int members, const FullSwarm* full_swarm, EventQueue* event_queue,
             FullCounts* full_counts, FindMember member)
      : swarm(full_swarm),
        queue(event_queue),
        counts(full_counts),
        members_(members),
        member_(std::move(member)) {}

  raft::NodeId AnyMember(RandomStream* random) const {
    return {1 + random->Below(static_cast<std::uint64_t>(members_))};
  }
  Micros DrawDelay(RandomStream* random) const {
    return 20 + random->Exponential(calm ? 100 : swarm->client_delay_mean);
  }
  static DaemonRooms* RoomsOf(Member* member) {
    return static_cast<DaemonRooms*>(member->application());
  }
  // A number for this life of the member.
  static std::uint64_t SessionOf(const Member& member) {
    return member.id().value << 32U | member.life();
  }

  // Runs `arrive` on the member after `delay`; `refused` if nobody is there. If the process ends
  // before it takes the request, neither is called.
  void Reach(raft::NodeId id, Micros delay, std::function<void(Member*)> arrive,
             std::function<void()> refused) const {
    queue->After(delay, [this, id, arrive = std::move(arrive), refused = std::move(refused)] {
      Member* member = member_(id);
      if (!member->is_up()) return refused();
      member->InThisLife(queue->now(), [member, arrive] { arrive(member); });
    });
  }

  // One request and its reply. `done` is called exactly once: with the reply, or with an error;
  // Unavailable when the outcome is unknown. Nobody waits longer than kPatience.
  using Done = std::function<void(const absl::Status& status, const std::string& reply)>;
  void CallUnary(raft::NodeId id, std::string_view path, std::string request, RandomStream* random,
                 std::function<void(const Member&)> arrived, Done done) const;

  static constexpr Micros kPatience = 12 * kSecond;

  const FullSwarm* const swarm;
  EventQueue* const queue;
  FullCounts* const counts;
  history::History noted;
  bool calm = false;
  std::int64_t known_revision = 1;   // seen by any client
  std::vector<std::int64_t> leases;  // granted lately, dead or alive

 private:
  const int members_;
  const FindMember member_;
};

}  // namespace stele::sim
