// Readers beside the apply thread: what the memory says is what the view's snapshot holds.
#include "src/storage/mvcc/read_memory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/storage/engine/mem_engine.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {
namespace {

constexpr std::uint64_t kKeys = 40;

etcdserverpb::RangeRequest RangeOf(const std::string& key, const std::string& range_end) {
  etcdserverpb::RangeRequest request;
  request.set_key(key);
  request.set_range_end(range_end);
  return request;
}

std::string Encoded(const ReadView& view, const etcdserverpb::RangeRequest& request) {
  std::string bytes;
  EXPECT_TRUE(view.EncodeRange(request, &bytes).ok());
  return bytes;
}

// A list asks the engine only.
std::string Listed(const ReadView& view, const std::string& key) {
  etcdserverpb::RangeResponse all;
  EXPECT_TRUE(view.Range(RangeOf("k", "l"), &all).ok());
  etcdserverpb::RangeResponse one;
  for (const mvccpb::KeyValue& kv : all.kvs()) {
    if (kv.key() != key) continue;
    *one.add_kvs() = kv;
    one.set_count(1);
  }
  return one.SerializeAsString();
}

void ReadWhile(const std::atomic<bool>& going_on, const StateMachine& store, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::shared_ptr<const ReadView> old_view = store.View();
  while (going_on) {
    const std::shared_ptr<const ReadView> view = store.View();
    for (const ReadView* each : {view.get(), old_view.get()}) {
      const std::string key = absl::StrCat("k", random() % kKeys);
      ASSERT_EQ(Encoded(*each, RangeOf(key, "")), Listed(*each, key)) << key;
    }
    if (random() % 8 == 0) old_view = view;
  }
}

TEST(ReadMemoryTest, SaysWhatTheViewHolds) {
  for (const std::size_t bytes : {std::size_t{9'000}, std::size_t{1} << 20}) {
    MemEngine engine;
    StateMachineOptions options;
    options.meta_cache_bytes = bytes;
    options.value_cache_bytes = bytes;
    const auto store = StateMachine::Open(&engine, options);
    ASSERT_TRUE(store.ok());
    std::atomic<bool> going_on = true;
    std::vector<std::thread> readers;
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      readers.emplace_back([&, seed] { ReadWhile(going_on, **store, seed); });
    }
    std::mt19937_64 random(3);
    for (std::uint64_t i = 1; i <= 3000; ++i) {
      stelepb::Command command;
      const std::string key = absl::StrCat("k", random() % kKeys);
      if (random() % 3 == 0) {
        command.mutable_delete_range()->set_key(key);
      } else {
        command.mutable_put()->set_key(key);
        command.mutable_put()->set_value(absl::StrCat("v", i));
      }
      raft::Entry entry;
      entry.id = {raft::Index{i}, raft::Term{1}};
      entry.data = command.SerializeAsString();
      ApplyOutput output;
      ASSERT_TRUE((*store)->Apply({entry}, &output).ok());
    }
    going_on = false;
    for (std::thread& reader : readers) reader.join();
  }
}

}  // namespace
}  // namespace stele::storage
