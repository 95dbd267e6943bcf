// What the random clients of one run share: where the members are, what anybody has seen, and when
// to stop. Safe for use from several threads.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/process/member_client.h"
#include "tests/sim/random_stream.h"

namespace stele::process {

class RandomScene {
 public:
  explicit RandomScene(std::vector<std::string> addresses);

  const std::vector<std::string>& addresses() const { return addresses_; }

  // The highest revision that anybody saw.
  void SawRevision(std::int64_t revision);
  std::int64_t known_revision() const { return known_revision_; }

  // Up to where a watcher of everything has every event: nobody may compact what lies behind, or
  // the history could not be judged.
  void Witnessed(std::int64_t revision);
  std::int64_t witnessed() const { return witnessed_; }

  // Leases granted lately, dead or alive.
  void AddLease(std::int64_t id);
  std::vector<std::int64_t> Leases() const;

  // The lives of members: call Ending before a member is harmed mortally and Ended when it is gone.
  void Ending(int member) { ++lives_[Index(member)]; }
  void Ended(int member) { ++lives_[Index(member)]; }
  // Names this life of the member; 0 while it ends. A call lies within a life if this is the same
  // before and after it.
  std::uint64_t LifeOf(int member) const;

  void Stop();
  bool stopped() const;
  // Waits, but not longer than until Stop. False if it is stopped.
  bool Rest(absl::Duration duration) const;

 private:
  static std::size_t Index(int member) { return static_cast<std::size_t>(member); }

  const std::vector<std::string> addresses_;
  std::atomic<std::int64_t> known_revision_ = 1;
  std::atomic<std::int64_t> witnessed_ = 1;
  std::unique_ptr<std::atomic<std::uint64_t>[]> lives_;
  mutable absl::Mutex mutex_;
  std::vector<std::int64_t> leases_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

// A client's connections to all members, of which it uses one at a time.
class MemberChoice {
 public:
  // Begins with member `first` modulo their number.
  MemberChoice(const std::vector<std::string>& addresses, int first);

  int member() const { return member_; }
  MemberClient& client() { return *clients_[static_cast<std::size_t>(member_)]; }
  // Goes on to any other member.
  void Move(sim::RandomStream* random);

 private:
  std::vector<std::unique_ptr<MemberClient>> clients_;
  int member_;
};

}  // namespace stele::process
