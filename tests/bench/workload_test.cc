#include "bench/load/workload.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "bench/load/grpc_frame.h"
#include "bench/load/mixed_workload.h"
#include "bench/load/put_workload.h"
#include "bench/load/range_workload.h"
#include "bench/load/workload_table.h"
#include "proto/rpc.pb.h"

namespace stele::load {
namespace {

template <class Message>
Message Parse(const Request& request) {
  Message message;
  const std::optional<std::string_view> bytes = UnframeGrpcMessage(request.body);
  EXPECT_TRUE(bytes.has_value());
  EXPECT_TRUE(message.ParseFromString(std::string(bytes.value_or(""))));
  return message;
}

// The sizes at which lengths on the wire change their own length, and 107, the letter k.
TEST(PutWorkloadTest, PatchesKeyAndValueInPlaceForAllSizes) {
  for (const std::size_t key_size : {4U, 107U, 127U, 128U, 300U}) {
    for (const std::size_t value_size : {0U, 1U, 107U, 127U, 128U, 256U, 20'000U}) {
      PutWorkload workload({.key_space = 1000, .key_size = key_size}, value_size);
      Request request;
      workload.Prepare(&request);
      workload.Prepare(&request);
      EXPECT_EQ(request.path, "/etcdserverpb.KV/Put");
      const auto put = Parse<etcdserverpb::PutRequest>(request);
      EXPECT_EQ(put.key(), std::string(key_size - 1, '0') + "1");
      EXPECT_EQ(put.value().size(), value_size);
      EXPECT_EQ(put.lease(), 0);
    }
  }
}

TEST(PutWorkloadTest, ValuesDiffer) {
  PutWorkload workload({.key_space = 1000}, 256);
  Request request;
  std::set<std::string> values;
  for (int i = 0; i < 100; ++i) {
    workload.Prepare(&request);
    values.insert(Parse<etcdserverpb::PutRequest>(request).value());
  }
  EXPECT_GE(values.size(), 99U);
}

TEST(RangeWorkloadTest, AsksForOneKey) {
  for (const bool serializable : {false, true}) {
    RangeWorkload workload({.key_space = 1000}, serializable);
    Request request;
    workload.Prepare(&request);
    workload.Prepare(&request);
    EXPECT_EQ(request.path, "/etcdserverpb.KV/Range");
    const auto range = Parse<etcdserverpb::RangeRequest>(request);
    EXPECT_EQ(range.key(), "00000001");
    EXPECT_EQ(range.range_end(), "");
    EXPECT_EQ(range.serializable(), serializable);
  }
}

TEST(MixedWorkloadTest, KeepsTheProportionAndNamesEachOperation) {
  Options options;
  options.workload = "mixed";
  options.read_percent = 90;
  const std::unique_ptr<Workload> workload = MakeWorkload(options, 0);
  Request request;  // one client's: changes from one kind to the other and back
  std::map<std::string_view, int> counts;
  for (int i = 0; i < 10'000; ++i) {
    workload->Prepare(&request);
    const std::string_view operation = workload->operations()[request.operation];
    ++counts[operation];
    if (operation == "put") {
      EXPECT_EQ(Parse<etcdserverpb::PutRequest>(request).value().size(), options.value_size);
    } else {
      EXPECT_EQ(Parse<etcdserverpb::RangeRequest>(request).key().size(), options.key_size);
    }
  }
  EXPECT_NEAR(counts["range"], 9000, 200);
  EXPECT_EQ(counts["range"] + counts["put"], 10'000);
}

TEST(WorkloadTableTest, MakesEveryRow) {
  for (const WorkloadRow& row : WorkloadTable()) {
    Options options;
    options.workload = row.name;
    Request request;
    MakeWorkload(options, 0)->Prepare(&request);
    EXPECT_FALSE(request.body.empty()) << row.name;
  }
}

}  // namespace
}  // namespace stele::load
