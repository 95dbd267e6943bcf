// A member whose state is not what the others have, although all its checksums are right: it
// notices with the next change that shows it, and has itself replaced.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "src/storage/engine/rocks_engine.h"
#include "src/storage/mvcc/record_codec.h"
#include "tests/process/cluster.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kNoticedWithin = absl::Seconds(5);
constexpr char kKey[] = "k";

void Put(Cluster& cluster, const std::string& key) {
  etcdserverpb::PutRequest put;
  put.set_key(key);
  put.set_value("value");
  const auto reply = cluster.client(cluster.Leader()).Put(put, kPatience);
  ASSERT_TRUE(reply.ok()) << reply.status();
}

std::int64_t VersionOn(Cluster& cluster, int member) {
  etcdserverpb::RangeRequest range;
  range.set_key(kKey);
  const auto reply = cluster.client(member).Range(range, kPatience);
  EXPECT_TRUE(reply.ok()) << reply.status();
  return reply.ok() && reply->kvs_size() == 1 ? reply->kvs(0).version() : -1;
}

// What a wrong apply would have left: another version of the key, with right checksums.
void ChangeVersion(const std::filesystem::path& data_dir) {
  const std::filesystem::path store = data_dir / "member/store";
  std::string name;
  std::ifstream(store / "CURRENT") >> name;
  const auto engine = storage::OpenRocksEngine(store / name, {});
  ASSERT_TRUE(engine.ok()) << engine.status();
  const auto bytes = (*engine)->Snapshot()->Get(storage::Family::kKey, kKey);
  ASSERT_TRUE(bytes.ok() && bytes->has_value());
  storage::KeyMeta meta;
  ASSERT_TRUE(storage::DecodeKeyMeta(**bytes, &meta));
  ++meta.version;
  std::string changed;
  storage::EncodeKeyMeta(meta, &changed);
  const auto batch = (*engine)->NewBatch();
  batch->Put(storage::Family::kKey, kKey, changed);
  ASSERT_TRUE((*engine)->Write(batch.get()).ok());
  ASSERT_TRUE((*engine)->Flush().ok());
}

TEST(StateDiffersTest, TheMemberNoticesAndIsReplaced) {
  Cluster cluster({});
  const int differing = (cluster.Leader() + 1) % cluster.size();
  for (int i = 0; i < 3; ++i) Put(cluster, kKey);
  // In order, so that the store has everything and nothing is replayed over the change.
  cluster.process(differing).Signal(SIGTERM);
  ASSERT_TRUE(cluster.process(differing).WaitForExit(kPatience).has_value());
  ChangeVersion(cluster.data_dir(differing));
  if (HasFatalFailure()) return;
  cluster.Restart(differing);
  cluster.WaitUntilServing(differing);
  EXPECT_EQ(VersionOn(cluster, differing), 4) << "this is what must be noticed";
  const auto is_noticed = [&] {
    return absl::StrContains(cluster.process(differing).Output(),
                             "is not that of the majority of members");
  };
  Put(cluster, "another key");
  EXPECT_FALSE(is_noticed());

  Put(cluster, kKey);
  const absl::Time put = absl::Now();
  EXPECT_TRUE(WaitFor(kPatience, is_noticed));
  const absl::Duration noticed = absl::Now() - put;
  EXPECT_LE(noticed, kNoticedWithin);
  EXPECT_TRUE(WaitFor(kPatience, [&] {
    return absl::StrContains(cluster.process(differing).Output(), "quarantine is over");
  }));
  std::cout << "noticed after " << noticed << ", repaired after " << absl::Now() - put << "\n";
  cluster.WaitUntilAllServe();
  for (int member = 0; member < cluster.size(); ++member) {
    EXPECT_EQ(VersionOn(cluster, member), 4) << "member " << member;
  }
}

}  // namespace
}  // namespace stele::process
