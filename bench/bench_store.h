// A store over RocksDB for micro benchmarks, in a directory that goes with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "src/storage/engine/engine.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

class BenchStore {
 public:
  static constexpr int kKeys = 100'000;
  static constexpr std::size_t kValueBytes = 256;
  static std::string KeyAt(std::uint64_t number);

  explicit BenchStore(std::size_t meta_cache_bytes = StateMachineOptions().meta_cache_bytes);
  ~BenchStore();
  BenchStore(const BenchStore&) = delete;
  BenchStore& operator=(const BenchStore&) = delete;

  // Adds a command to the next Apply.
  void AddPut(std::uint64_t key);
  // All keys from `first` to before `end`.
  void AddDeletion(std::uint64_t first, std::uint64_t end);
  void AddCompaction(std::int64_t revision);
  void Apply();
  // Writes kKeys different keys in an order that is none.
  void Fill();

  StateMachine& store() { return *store_; }
  Engine& engine() { return *engine_; }

 private:
  void Add(const stelepb::Command& command);

  std::filesystem::path dir_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<StateMachine> store_;
  std::vector<raft::Entry> entries_;
};

}  // namespace stele::storage
