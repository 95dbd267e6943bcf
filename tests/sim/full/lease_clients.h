// Clients of the lease service: each grants a lease, hangs keys on it, renews it for a while on
// random members, and then revokes it or lets it run out.
#pragma once

#include <cstdint>
#include <memory>

#include "tests/history/history.h"
#include "tests/sim/full/client_port.h"
#include "tests/sim/full/kv_clients.h"

namespace stele::sim {

class LeaseClients {
 public:
  LeaseClients(std::uint64_t seed, ClientPort* port, KvClients* kv)
      : port_(port), kv_(kv), random_(seed, "lease clients") {}

  void Start();
  void Stop() { stopped_ = true; }
  std::size_t pending() const { return pending_; }

 private:
  struct Lease {
    std::int64_t id = 0;
    std::int64_t ttl_seconds = 0;
    std::uint64_t renewals_left = 0;
  };

  struct Renewal {
    Lease lease;
    history::LeaseRequest noted;
    std::shared_ptr<SimCall> call;
    std::int64_t ttl = -1;  // as answered
    bool has_ended = false;
  };

  void ScheduleNext();
  void Grant();
  void Plan(const Lease& lease);
  void Renew(Lease lease);
  void Arrive(const Renewal& renewal, Member* member);
  void End(Renewal* renewal, const absl::Status& status);
  void Revoke(const Lease& lease);
  // Notes the end of a request.
  void Note(history::LeaseRequest request, history::Outcome outcome, std::int64_t ttl_seconds);

  ClientPort* const port_;
  KvClients* const kv_;
  RandomStream random_;
  bool stopped_ = false;
  std::size_t pending_ = 0;
  std::int64_t next_id_ = 1;
};

}  // namespace stele::sim
