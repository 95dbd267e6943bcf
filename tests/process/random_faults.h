// Kills, pauses and restarts members at random.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <string>

#include "tests/process/cluster.h"
#include "tests/process/random_scene.h"
#include "tests/sim/random_stream.h"

namespace stele::process {

class RandomFaults {
 public:
  // Use from the thread that started the cluster.
  RandomFaults(std::uint64_t seed, Cluster* cluster, RandomScene* scene)
      : random_(seed, "faults"), cluster_(cluster), scene_(scene) {}

  // Does harm for so long, and ends with all members running and serving.
  void Run(absl::Duration duration);

  int count() const;
  // How many of each kind.
  std::string Describe() const;

 private:
  void StrikeOnce();
  int AnyMember();
  // Ends the member and is sure that it is gone.
  void End(int member, int signal);
  void RestAtMost(std::int64_t milliseconds);

  sim::RandomStream random_;
  Cluster* const cluster_;
  RandomScene* const scene_;
  std::map<std::string, int> strikes_;
};

}  // namespace stele::process
