// Linearizable reads (ReadIndex; thesis section 6.4). All reads that arrive while one round is
// under way share the next one. A read is served, on this pump's thread, from a view taken after
// the read index was applied here.
//
// Life of a read: wanting -> in a round (asked of the core) -> confirmed at an index -> ready.
// A round that is refused or lost is asked again; nobody waits longer than the request timeout.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "src/raft/mutation.h"
#include "src/raft/ready.h"
#include "src/server/api/ports.h"
#include "src/server/clock.h"
#include "src/server/mailbox.h"
#include "src/server/pump.h"

namespace stele::server {

class Reads final : public Reader, public Pump {
 public:
  struct Options {
    absl::Duration request_timeout = absl::Seconds(7);
    absl::Duration retry_interval = absl::Milliseconds(500);
    raft::Mutation mutation = raft::Mutation::kNone;  // a planted bug, for tests
  };
  using TakeView = std::function<View()>;

  Reads(const Options& options, const Clock* clock, TakeView take_view);

  // `raft` wakes the RaftLoop (a read is wanting), `self` wakes this pump. REQUIRES: before use.
  void set_wakes(Wake raft, Wake self);

  // Any thread.
  void Linearizable(Done done) override;
  View Serializable() override { return take_view_(); }

  // RaftLoop's thread. Moves all wanting reads into a round; 0 when there is none.
  std::uint64_t StartRound();
  // The core took no round (no leader known): its reads want again at the next tick.
  void RoundRefused(std::uint64_t round_id);
  void OnReadState(const raft::ReadState& state);
  // Every tick: asks lost rounds again and fails reads that waited too long.
  void OnTick();

  // ApplyLoop's thread.
  void OnApplied(raft::Index applied_index);

  // Fails everything, now and from now on.
  void Shutdown();

  bool RunOnce() override;

 private:
  struct Read {
    Done done;
    absl::Duration since;
  };
  struct Round {
    std::vector<Read> reads;
    absl::Duration asked_at;
  };
  void MakeReady(std::vector<Read> reads);

  const Options options_;
  const Clock* const clock_;
  const TakeView take_view_;
  Wake wake_raft_;
  Wake wake_self_;

  std::mutex mutex_;
  std::vector<Read> wanting_;
  std::vector<Read> refused_;  // want again at the next tick
  std::map<std::uint64_t, Round> rounds_;
  std::multimap<raft::Index, std::vector<Read>> confirmed_;
  std::vector<Read> ready_;
  raft::Index applied_index_;
  std::uint64_t next_round_id_ = 1;
  bool stopped_ = false;
};

}  // namespace stele::server
