// A cluster under writers, readers and watchers, to which a test does harm; at the end the whole
// history is judged. All waits are bounded.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/history/history.h"
#include "tests/process/cluster.h"
#include "tests/process/read_load.h"
#include "tests/process/watcher.h"
#include "tests/process/write_load.h"

namespace stele::process {

// One line for each violation.
using Violations = std::vector<std::string>;

// What a run amounted to, for the report.
struct RunFigures {
  std::int64_t acknowledged = 0;
  std::int64_t unknown = 0;
  std::int64_t reads = 0;
  std::int64_t events = 0;  // Over all watchers.
  std::int64_t resumptions = 0;
};

class Experiment {
 public:
  // Starts the cluster, the readers and the watchers (one on each member, every second one with
  // previous values), and then the writers.
  explicit Experiment(Cluster::Options options = {}, WriteLoad::Options load = {});
  ~Experiment();

  Cluster& cluster() { return cluster_; }
  WriteLoad& writes() { return *writes_; }
  ReadLoad& reads() { return *reads_; }
  std::vector<std::string> addresses() const;

  // Starts one watcher more.
  void AddWatcher(const std::string& name, Watcher::Options options);

  // Adds a read of the test's own to the history.
  void AddRead(history::Operation read) { history_.operations.push_back(std::move(read)); }

  // Expects that the cluster takes writes again, through members other than `avoided`.
  void ExpectWritesResume(int avoided);

  // All members must run. Stops the writers, waits until every watcher has seen the last revision,
  // reads everything from each member, and judges. Returns a line for every violation.
  Violations Judge();
  // The same, and fails the test for every violation. Prints what the run amounted to.
  RunFigures Finish();

  // After Finish(): the time from `since_ns` to the first acknowledged write that began after it.
  absl::Duration GapAfter(std::int64_t since_ns) const;

 private:
  Cluster cluster_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::unique_ptr<ReadLoad> reads_;
  std::unique_ptr<WriteLoad> writes_;
  history::History history_;
  std::vector<history::Operation> written_;
  std::int64_t resumptions_ = 0;
};

// `count` scaled by $STELE_PROCESS_SCALE (default 1), for longer runs.
int Scaled(int count);

}  // namespace stele::process
