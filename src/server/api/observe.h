// Election/Observe: tells a client who leads, now and after every change, until it goes away.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "src/server/api/call.h"
#include "src/server/api/ports.h"

namespace stele::server {

class Observation : public std::enable_shared_from_this<Observation> {
 public:
  // `prefix` of the election's keys.
  static void Start(const ClientPorts& ports, std::shared_ptr<Call> call, std::string prefix);

 private:
  Observation(ClientPorts ports, std::shared_ptr<Call> call, std::string prefix);
  // Finds the leader, or waits for the first one.
  void Look();
  void OnView(const absl::StatusOr<Reader::View>& view);
  void Watch(const std::string& key, const std::string& range_end, std::int64_t start_revision);
  void OnResponse(std::uint64_t step, bool any_key, const etcdserverpb::WatchResponse& response);
  void OnFirstLeader(std::uint64_t step, const etcdserverpb::WatchResponse& response);
  void OnLeaderChange(std::uint64_t step, const etcdserverpb::WatchResponse& response);
  void Tell(std::int64_t revision, const mvccpb::KeyValue& kv);
  // Ends the watch in hand. False: it was ended before.
  bool EndWatch(std::uint64_t step);
  bool IsCurrent(std::uint64_t step);
  void OnCancelled();

  const ClientPorts ports_;
  const std::shared_ptr<Call> call_;
  const std::string prefix_;

  std::mutex mutex_;  // guards what follows; never held while something else is called back
  std::uint64_t step_ = 0;
  std::uint64_t watch_ = 0;  // 0: none
  bool over_ = false;
};

}  // namespace stele::server
