// Watching clients: ranges, filters and starts of all kinds; they break off and go on elsewhere,
// stop reading for a while, ask for progress, cancel and begin anew.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proto/rpc.pb.h"
#include "tests/history/history.h"
#include "tests/sim/full/client_port.h"

namespace stele::sim {

class WatchClients {
 public:
  WatchClients(std::uint64_t seed, ClientPort* port)
      : port_(port), random_(seed, "watch clients") {}

  void Start();
  // From now on they only watch.
  void Calm();
  // Every watcher is on a stream that has been created.
  bool all_connected() const;
  // Everything up to `revision` must have arrived by now. Moves the records to the history.
  void TakeHistory(std::int64_t revision);

 private:
  struct Watcher {
    history::WatchRecord record;
    raft::NodeId member;
    std::uint64_t stream = 0;  // numbers its streams: what an earlier one still says is void
    std::shared_ptr<SimCall> call;
    std::weak_ptr<server::CallHandler> handler;
    bool is_created = false;
    bool is_slow = false;
    bool wants_progress = false;
    std::int64_t next = 0;  // where to resume; 0: from now
  };

  void MakeRecord(Watcher* watcher);
  void Connect(Watcher* watcher);
  void Arrive(Watcher* watcher, std::uint64_t stream, Member* member);
  void Reconnect(Watcher* watcher, FullMark why);
  void Leave(Watcher* watcher);
  void OnMessage(Watcher* watcher, const etcdserverpb::WatchResponse& response);
  void Follow(Watcher* watcher, const etcdserverpb::WatchResponse& response);
  void ScheduleMischief(Watcher* watcher);
  void Mischief(Watcher* watcher);
  void StopReading(Watcher* watcher);
  void ScheduleProgress(Watcher* watcher);
  void AskProgress(Watcher* watcher);
  void Say(Watcher* watcher, const etcdserverpb::WatchRequest& request);
  // Runs `action` unless the watcher has another stream by then.
  void Later(Watcher* watcher, Micros delay, std::function<void()> action);

  ClientPort* const port_;
  RandomStream random_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::vector<history::WatchRecord> ended_;
  int next_name_ = 1;
};

}  // namespace stele::sim
