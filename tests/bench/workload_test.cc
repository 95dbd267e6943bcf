#include "bench/load/workload.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "bench/load/catch_up_workload.h"
#include "bench/load/grpc_frame.h"
#include "bench/load/lease_workload.h"
#include "bench/load/mixed_workload.h"
#include "bench/load/put_workload.h"
#include "bench/load/range_workload.h"
#include "bench/load/span_workload.h"
#include "bench/load/txn_workload.h"
#include "bench/load/workload_table.h"
#include "fmt/format.h"
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
  const std::unique_ptr<Workload> workload = WorkloadNamed("mixed").make(options, {}, 0);
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

TEST(SpanWorkloadTest, AListHasExactlyItsKeysAndEndsWithTheKeySpace) {
  SpanWorkload workload({.key_space = 95, .key_size = 2},
                        {.name = "list", .stride = 30, .span_keys = 30});
  Request request;
  std::vector<std::pair<std::string, std::string>> ranges;
  for (int i = 0; i < 5; ++i) {
    workload.Prepare(&request);
    const auto range = Parse<etcdserverpb::RangeRequest>(request);
    ranges.emplace_back(range.key(), range.range_end());
    EXPECT_EQ(range.limit(), 0);
    EXPECT_FALSE(range.count_only());
  }
  // ':' follows '9', so "2:" lies behind "29" and before "30".
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"00", "2:"}, {"30", "5:"}, {"60", "8:"}, {"90", "95"}, {"00", "2:"}};
  EXPECT_EQ(ranges, expected);
}

TEST(SpanWorkloadTest, APageReachesToTheEndAndHasALimit) {
  SpanWorkload workload({.key_space = 1000, .key_size = 8},
                        {.name = "page", .stride = 500, .limit = 500, .serializable = true});
  Request request;
  workload.Prepare(&request);
  workload.Prepare(&request);
  const auto range = Parse<etcdserverpb::RangeRequest>(request);
  EXPECT_EQ(range.key(), "00000500");
  EXPECT_EQ(range.range_end(), "0000099:");
  EXPECT_EQ(range.limit(), 500);
  EXPECT_TRUE(range.serializable());
}

TEST(TxnWorkloadTest, WritesDifferentNeighbouringKeys) {
  for (const std::uint64_t puts : {1U, 10U, 100U}) {
    for (const std::size_t value_size : {0U, 1U, 127U, 256U}) {
      TxnWorkload workload({.key_space = 105, .key_size = 8}, value_size, puts);
      Request request;
      for (int i = 0; i < 3; ++i) workload.Prepare(&request);
      EXPECT_EQ(request.path, "/etcdserverpb.KV/Txn");
      const auto txn = Parse<etcdserverpb::TxnRequest>(request);
      ASSERT_EQ(txn.success_size(), puts);
      std::set<std::string> keys;
      for (const auto& operation : txn.success()) {
        keys.insert(operation.request_put().key());
        EXPECT_EQ(operation.request_put().value().size(), value_size);
      }
      EXPECT_EQ(keys.size(), puts);
      EXPECT_EQ(txn.success(0).request_put().key(),
                fmt::format("{:08}", (2 * puts) % (puts == 100 ? 200 : 105)));
    }
  }
}

TEST(LeaseWorkloadTest, GrantsAndKeepsAliveTheSameIds) {
  LeaseGrantWorkload grant({.key_space = 10}, {.first = 700}, 60);
  LeaseKeepAliveWorkload keep({.key_space = 10}, {.first = 700});
  Request request;
  grant.Prepare(&request);
  grant.Prepare(&request);
  const auto granted = Parse<etcdserverpb::LeaseGrantRequest>(request);
  EXPECT_EQ(granted.id(), 701);
  EXPECT_EQ(granted.ttl(), 60);
  keep.Prepare(&request);
  EXPECT_EQ(Parse<etcdserverpb::LeaseKeepAliveRequest>(request).id(), 700);
}

TEST(LeaseWorkloadTest, ALostLeaseIsAFailure) {
  LeaseKeepAliveWorkload keep({.key_space = 10}, {});
  Request request;
  std::string failure;
  etcdserverpb::LeaseKeepAliveResponse answer;
  answer.set_ttl(60);
  EXPECT_EQ(keep.OnMessage(&request, answer.SerializeAsString(), &failure), Verdict::kDone);
  answer.set_ttl(0);
  EXPECT_EQ(keep.OnMessage(&request, answer.SerializeAsString(), &failure), Verdict::kFailed);
  EXPECT_EQ(failure, "the lease is gone");
}

TEST(CatchUpWorkloadTest, IsDoneWhenTheHistoryHasCome) {
  CatchUpWorkload workload({.key_space = 10}, 42, 3);
  Request request;
  std::string failure;
  workload.Prepare(&request);
  const auto create = Parse<etcdserverpb::WatchRequest>(request).create_request();
  EXPECT_EQ(create.start_revision(), 42);
  etcdserverpb::WatchResponse answer;
  answer.set_created(true);
  EXPECT_EQ(workload.OnMessage(&request, answer.SerializeAsString(), &failure), Verdict::kMore);
  answer.set_created(false);
  answer.add_events();
  answer.add_events();
  EXPECT_EQ(workload.OnMessage(&request, answer.SerializeAsString(), &failure), Verdict::kMore);
  EXPECT_EQ(workload.OnMessage(&request, answer.SerializeAsString(), &failure), Verdict::kDone);
  EXPECT_EQ(workload.events(), 4U);
  answer.set_canceled(true);
  EXPECT_EQ(workload.OnMessage(&request, answer.SerializeAsString(), &failure), Verdict::kFailed);
}

TEST(WorkloadTableTest, MakesEveryRow) {
  for (const WorkloadRow& row : WorkloadTable()) {
    if (row.make == nullptr) continue;
    Options options;
    options.workload = row.name;
    Request request;
    row.make(options, {}, 0)->Prepare(&request);
    EXPECT_FALSE(request.body.empty()) << row.name;
  }
}

}  // namespace
}  // namespace stele::load
