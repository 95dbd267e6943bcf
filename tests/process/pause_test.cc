// A leader that is stopped for a while and then goes on must not answer from the past.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <thread>
#include <vector>

#include "tests/process/experiment.h"
#include "tests/process/load_keys.h"

namespace stele::process {
namespace {

// Linearizable reads that are waiting at a member while it is stopped. They reach it together, at
// the moment it goes on and still believes that it leads.
class WaitingReads {
 public:
  WaitingReads(MemberClient* client, int member, int count)
      : results_(static_cast<std::size_t>(count)) {
    for (auto& result : results_) {
      threads_.emplace_back([client, member, &result] {
        result = ReadAll(*client, member, /*linearizable=*/true, absl::Seconds(15));
      });
    }
  }
  ~WaitingReads() { Join(); }
  WaitingReads(const WaitingReads&) = delete;
  WaitingReads& operator=(const WaitingReads&) = delete;

  // Waits for the answers and adds them to the history. Returns how many there were.
  int Collect(Experiment& experiment) {
    Join();
    int answered = 0;
    for (auto& result : results_) {
      if (!result) continue;
      ++answered;
      experiment.AddRead(*std::move(result));
    }
    return answered;
  }

 private:
  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::vector<std::optional<history::Operation>> results_;
  std::vector<std::thread> threads_;
};

TEST(PauseTest, AStoppedLeaderGivesNoStaleReads) {
  Experiment experiment;
  Cluster& cluster = experiment.cluster();
  std::vector<std::int64_t> pauses_ns;
  int answered = 0;
  for (int round = 0; round < Scaled(2) && !HasFailure(); ++round) {
    const int leader = cluster.Leader();
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(100, absl::Seconds(30)));
    pauses_ns.push_back(MonotonicNs());
    cluster.Pause(leader);
    experiment.ExpectWritesResume(leader);
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(100, absl::Seconds(30)));
    // By now the others have a leader and newer writes, of which the stopped one knows nothing.
    WaitingReads waiting(&cluster.client(leader), leader, 20);
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(50, absl::Seconds(30)));
    cluster.Resume(leader);
    answered += waiting.Collect(experiment);
    cluster.WaitUntilAllServe();
  }
  EXPECT_GT(answered, 0) << "no read outlived the pause, so nothing was shown";
  experiment.Finish();
  for (const std::int64_t pause_ns : pauses_ns) {
    std::cout << "SIGSTOP of the leader, time to the next acknowledged write: "
              << experiment.GapAfter(pause_ns) << "\n";
  }
  std::cout << "linearizable reads that waited at the stopped leader: " << answered << "\n";
}

}  // namespace
}  // namespace stele::process
