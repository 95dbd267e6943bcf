// Answers other members that start and ask what is remembered of them (admission.h).
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "proto/peer.pb.h"
#include "src/raft/raw_node.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

class AdmissionDesk {
 public:
  struct Surroundings {
    std::function<std::shared_ptr<const storage::ReadView>()> view;
    // Puts a question to the Raft core; false while it does not run yet, which then has no
    // acknowledgements to remember.
    std::function<bool(std::function<void(const raft::RawNode&)>)> ask_raft;
  };
  using Done = std::function<void(const stelepb::AdmissionAnswer&)>;

  explicit AdmissionDesk(Surroundings surroundings);

  // `done` is called once, here or on the core's thread.
  void Answer(const stelepb::AdmissionQuestion& question, Done done);

 private:
  struct Start {
    std::uint64_t epoch = 0;
    std::uint64_t id = 0;
  };

  // The newest start of the member before the one that asks.
  std::uint64_t Remember(const stelepb::AdmissionQuestion& question);

  const Surroundings around_;
  std::mutex mutex_;
  // By member, as heard here: the member table may not have it yet.
  std::map<std::uint64_t, Start> newest_;
};

}  // namespace stele::server
