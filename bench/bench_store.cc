#include "bench/bench_store.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "benchmark/benchmark.h"
#include "src/raft/check.h"
#include "src/storage/engine/rocks_engine.h"

namespace stele::storage {

std::string BenchStore::KeyAt(std::uint64_t number) {
  char key[64];
  std::snprintf(key, sizeof(key), "/registry/object/%07llu",
                static_cast<unsigned long long>(number));
  return key;
}

BenchStore::BenchStore(std::size_t meta_cache_bytes) {
  static int count = 0;
  dir_ = std::filesystem::temp_directory_path() /
         ("stele_bench_" + std::to_string(getpid()) + "_" + std::to_string(++count));
  auto engine = OpenRocksEngine(dir_.string(), {});
  STELE_CHECK(engine.ok());
  engine_ = *std::move(engine);
  auto store = StateMachine::Open(engine_.get(), {.meta_cache_bytes = meta_cache_bytes});
  STELE_CHECK(store.ok());
  store_ = *std::move(store);
}

BenchStore::~BenchStore() {
  store_.reset();
  engine_.reset();
  std::filesystem::remove_all(dir_);
}

void BenchStore::AddPut(std::uint64_t key) {
  stelepb::Command command;
  command.set_request_id(1);
  command.mutable_put()->set_key(KeyAt(key));
  command.mutable_put()->set_value(std::string(kValueBytes, 'v'));
  Add(command);
}

void BenchStore::AddDeletion(std::uint64_t first, std::uint64_t end) {
  stelepb::Command command;
  command.set_request_id(1);
  command.mutable_delete_range()->set_key(KeyAt(first));
  command.mutable_delete_range()->set_range_end(KeyAt(end));
  Add(command);
}

void BenchStore::AddCompaction(std::int64_t revision) {
  stelepb::Command command;
  command.set_request_id(1);
  command.mutable_compact()->set_revision(revision);
  Add(command);
}

void BenchStore::Add(const stelepb::Command& command) {
  entries_.push_back({{raft::Index{store_->applied_index().value + entries_.size() + 1}, {1}},
                      raft::EntryType::kNormal,
                      command.SerializeAsString()});
}

void BenchStore::Apply() {
  ApplyOutput output;
  STELE_CHECK(store_->Apply(entries_, &output).ok());
  benchmark::DoNotOptimize(output);
  entries_.clear();
}

void BenchStore::Fill() {
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    AddPut((key * 7919) % kKeys);
    if (entries_.size() == 500) Apply();
  }
  Apply();
}

}  // namespace stele::storage
