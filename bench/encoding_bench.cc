// Bytes in and out: the log's records, and the messages that protobuf reads and writes for us.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>

#include "proto/command.pb.h"
#include "proto/rpc.pb.h"
#include "src/storage/wal/batch_encoder.h"

namespace stele {
namespace {

constexpr std::size_t kValueBytes = 256;

void FillKeyValue(std::int64_t number, mvccpb::KeyValue* kv) {
  kv->set_key("/registry/object/" + std::to_string(number));
  kv->set_value(std::string(kValueBytes, 'v'));
  kv->set_create_revision(number);
  kv->set_mod_revision(number + 1'000'000);
  kv->set_version(3);
}

// One batch of the write-ahead log, checksums included.
void EncodeLogBatch(benchmark::State& state) {
  storage::wal::BatchEncoder encoder;
  const raft::Entry entry{.id = {raft::Index{1}, raft::Term{1}},
                          .data = raft::Payload(std::string(kValueBytes + 40, 'e'))};
  for (auto _ : state) {
    encoder.Begin({.segment_id = 1, .offset = 4096});
    for (std::int64_t i = 0; i < state.range(0); ++i) encoder.AddEntry(entry);
    benchmark::DoNotOptimize(encoder.Finish());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(EncodeLogBatch)->Arg(1)->Arg(64)->Arg(1000)->ArgName("entries");

void ParsePut(benchmark::State& state) {
  etcdserverpb::PutRequest put;
  put.set_key("/registry/object/1");
  put.set_value(std::string(static_cast<std::size_t>(state.range(0)), 'v'));
  const std::string bytes = put.SerializeAsString();
  for (auto _ : state) {
    etcdserverpb::PutRequest parsed;
    parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    benchmark::DoNotOptimize(parsed);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ParsePut)->Arg(256)->Arg(1 << 20)->ArgName("value");

// From a parsed request to the bytes of a log entry, and back as apply does.
void CommandThereAndBack(benchmark::State& state) {
  etcdserverpb::PutRequest put;
  put.set_key("/registry/object/1");
  put.set_value(std::string(static_cast<std::size_t>(state.range(0)), 'v'));
  for (auto _ : state) {
    stelepb::Command command;
    command.set_request_id(1'000'000);
    *command.mutable_put() = put;
    const std::string bytes = command.SerializeAsString();
    stelepb::Command parsed;
    parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    benchmark::DoNotOptimize(parsed);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(CommandThereAndBack)->Arg(256)->Arg(1 << 20)->ArgName("value");

void BuildRangeResponse(benchmark::State& state) {
  for (auto _ : state) {
    etcdserverpb::RangeResponse response;
    for (std::int64_t i = 0; i < state.range(0); ++i) FillKeyValue(i, response.add_kvs());
    benchmark::DoNotOptimize(response.SerializeAsString());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BuildRangeResponse)->Arg(1)->Arg(500)->Arg(10'000)->ArgName("keys");

void BuildWatchResponse(benchmark::State& state) {
  for (auto _ : state) {
    etcdserverpb::WatchResponse response;
    response.mutable_header()->set_revision(1'000'000);
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      FillKeyValue(i, response.add_events()->mutable_kv());
    }
    benchmark::DoNotOptimize(response.SerializeAsString());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BuildWatchResponse)->Arg(1)->Arg(100)->ArgName("events");

}  // namespace
}  // namespace stele

BENCHMARK_MAIN();
