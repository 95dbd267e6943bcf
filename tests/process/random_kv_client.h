// Clients of the key-value service that send random requests (tests/history/operation_draw.h), one
// after the other, and note what they were told; and one that compacts.
#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "tests/history/history.h"
#include "tests/history/operation_draw.h"
#include "tests/process/random_scene.h"
#include "tests/sim/random_stream.h"

namespace stele::process {

// Sends the operation to the member and fills in what became of it. False if the member did not
// answer.
bool Perform(MemberChoice* choice, RandomScene* scene, absl::Duration timeout,
             history::Operation* operation);

class RandomKvClient {
 public:
  // Starts at once and ends when `scene` is stopped.
  RandomKvClient(int number, std::uint64_t seed, history::OperationDraw::Shape shape,
                 RandomScene* scene);
  ~RandomKvClient();
  RandomKvClient(const RandomKvClient&) = delete;
  RandomKvClient& operator=(const RandomKvClient&) = delete;

  // Operations that were sent so far.
  std::int64_t sent() const { return sent_; }
  // Waits for the end. REQUIRES: the scene is stopped.
  std::vector<history::Operation> TakeRecords();

 private:
  void Run();

  RandomScene* const scene_;
  sim::RandomStream random_;
  history::OperationDraw draw_;
  MemberChoice choice_;
  std::atomic<std::int64_t> sent_ = 0;
  std::vector<history::Operation> records_;
  std::thread thread_;
};

class RandomCompactor {
 public:
  RandomCompactor(std::uint64_t seed, RandomScene* scene);
  ~RandomCompactor();
  RandomCompactor(const RandomCompactor&) = delete;
  RandomCompactor& operator=(const RandomCompactor&) = delete;

  // Waits for the end. REQUIRES: the scene is stopped.
  std::vector<history::Compaction> TakeRecords();

 private:
  void Run();

  RandomScene* const scene_;
  sim::RandomStream random_;
  MemberChoice choice_;
  std::vector<history::Compaction> records_;
  std::thread thread_;
};

}  // namespace stele::process
