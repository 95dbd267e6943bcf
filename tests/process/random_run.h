// Random clients of all kinds on a cluster, and what they saw, as a history to be judged.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/history/history.h"
#include "tests/process/cluster.h"
#include "tests/process/random_kv_client.h"
#include "tests/process/random_lease_client.h"
#include "tests/process/random_scene.h"
#include "tests/process/random_watcher.h"

namespace stele::process {

class RandomRun {
 public:
  struct Options {
    std::uint64_t seed = 1;
    int kv_clients = 24;
    int lease_clients = 4;
    int witnesses = 3;
    int watchers = 20;
  };

  // Starts everything. `cluster` outlives the run.
  RandomRun(Options options, Cluster* cluster);
  ~RandomRun();

  RandomScene& scene() { return scene_; }
  std::int64_t sent() const;

  // All members must run. Ends the writers, waits until no lease is left and every watch has caught
  // up, reads everything from each member, and answers all that was seen.
  history::History Finish();
  // What went wrong outside of the history. After Finish().
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  // The time at which a member said that no lease is left; 0 if none did.
  std::int64_t AwaitEndOfLeases();
  // Writes until even the watches that begin in the future have begun: no progress is told on their
  // streams before.
  void WriteOn(history::History* history);
  void ReadAll(history::History* history);
  void CollectWatches(std::int64_t revision, history::History* history);

  const Options options_;
  Cluster* const cluster_;
  RandomScene scene_;
  std::vector<std::unique_ptr<RandomWatcher>> watchers_;
  std::vector<std::unique_ptr<RandomKvClient>> kv_clients_;
  std::vector<std::unique_ptr<RandomLeaseClient>> lease_clients_;
  std::unique_ptr<RandomCompactor> compactor_;
  std::vector<std::string> complaints_;
};

}  // namespace stele::process
