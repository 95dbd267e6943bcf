// Clients of the key-value service: each sends one operation after the other to random members and
// notes what it was told. Values are unique.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/history/history.h"
#include "tests/history/operation_draw.h"
#include "tests/sim/full/client_port.h"

namespace stele::sim {

class KvClients {
 public:
  KvClients(std::uint64_t seed, ClientPort* port);

  void Start();
  void Stop() { stopped_ = true; }
  // Attaches a key of its own to the lease.
  void PutOnLease(std::int64_t lease);

  std::size_t pending() const { return pending_; }
  std::uint64_t acked_writes() const { return acked_writes_; }

 private:
  void ScheduleNext();
  void ScheduleCompaction();
  void Compact();
  history::OperationDraw::Scene Scene() const { return {port_->known_revision, port_->leases}; }
  void Send(history::Operation operation, bool goes_on);
  void Note(const absl::Status& status, const std::string& reply, history::Operation* operation);
  void Count(const history::Operation& operation);

  ClientPort* const port_;
  RandomStream random_;
  bool stopped_ = false;
  std::size_t pending_ = 0;
  std::uint64_t acked_writes_ = 0;
  history::OperationDraw draw_;
};

}  // namespace stele::sim
