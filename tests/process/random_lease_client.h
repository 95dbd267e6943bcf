// A client of the lease service: it grants leases, hangs keys on them, renews them for a while at
// random members, mostly in time, and revokes them or lets them run out.
#pragma once

#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "tests/history/history.h"
#include "tests/history/operation_draw.h"
#include "tests/process/random_scene.h"
#include "tests/sim/random_stream.h"

namespace stele::process {

inline constexpr std::int64_t kLongestTtlSeconds = 4;

class RandomLeaseClient {
 public:
  // Starts at once and ends when `scene` is stopped.
  RandomLeaseClient(int number, std::uint64_t seed, RandomScene* scene);
  ~RandomLeaseClient();
  RandomLeaseClient(const RandomLeaseClient&) = delete;
  RandomLeaseClient& operator=(const RandomLeaseClient&) = delete;

  // Waits for the end and adds what it noted. REQUIRES: the scene is stopped.
  void TakeRecords(history::History* history);

 private:
  struct Lease {
    std::int64_t id = 0;
    std::int64_t ttl_seconds = 0;
    std::uint64_t renewals_left = 0;
    std::int64_t due_ns = 0;  // when to do something about it again
  };

  void Run();
  void Grant();
  // False when there is nothing more to do about it.
  bool Attend(Lease* lease);
  bool Renew(Lease* lease);
  void Revoke(const Lease& lease);
  void LookAt(const Lease& lease);
  void Plan(Lease* lease);
  void PutOn(const Lease& lease);
  void Note(history::LeaseRequest request, const absl::Status& status, std::int64_t ttl_seconds);

  RandomScene* const scene_;
  sim::RandomStream random_;
  history::OperationDraw draw_;
  MemberChoice choice_;
  std::int64_t next_id_;
  std::deque<Lease> leases_;
  std::vector<history::LeaseRequest> requests_;
  std::vector<history::Operation> puts_;
  std::thread thread_;
};

}  // namespace stele::process
