// A member's disk (loop_disk.h) fills up and is emptied again: reads go on, writes are refused with
// the API's error for it, nothing acknowledged is lost, and service returns without a restart.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <random>

#include "tests/process/experiment.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr std::uint64_t kDiskBytes = std::uint64_t{256} << 20U;
constexpr char kNoSpace[] = "etcdserver: mvcc: database space exceeded";

// Somebody else's file on the disk of a member.
class ForeignFile {
 public:
  explicit ForeignFile(const LoopDisk& disk) : path_(disk.path() / "foreign") {
    fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_GE(fd_, 0) << path_;
  }
  ~ForeignFile() {
    close(fd_);
    std::filesystem::remove(path_);
  }
  ForeignFile(const ForeignFile&) = delete;
  ForeignFile& operator=(const ForeignFile&) = delete;

  void Grow(std::uint64_t bytes) {
    EXPECT_EQ(fallocate(fd_, 0, size_, static_cast<off_t>(bytes)), 0);
    size_ += static_cast<off_t>(bytes);
  }
  // Takes all the space that there is now, but not what a member gives up meanwhile.
  void TakeAll() {
    struct statvfs facts {};
    EXPECT_EQ(statvfs(path_.c_str(), &facts), 0);
    const off_t target = size_ + static_cast<off_t>(facts.f_bavail * facts.f_frsize);
    for (off_t step = target - size_; step >= 4096;) {
      if (size_ + step <= target && fallocate(fd_, 0, size_, step) == 0) {
        size_ += step;
      } else {
        step /= 2;
      }
    }
  }

 private:
  const std::filesystem::path path_;
  int fd_ = -1;
  off_t size_ = 0;
};

// Puts a key if it is there, which it is not: a command that needs space and leaves no trace in the
// history of the load, should it be taken.
absl::Status TryPut(MemberClient& client) {
  etcdserverpb::TxnRequest txn;
  etcdserverpb::Compare& exists = *txn.add_compare();
  exists.set_key("no such key");
  exists.set_target(etcdserverpb::Compare::VERSION);
  exists.set_result(etcdserverpb::Compare::GREATER);
  exists.set_version(0);
  txn.add_success()->mutable_request_put()->set_key("no such key");
  return client.Txn(txn, absl::Seconds(3)).status();
}

// Removes a key that is not there: a command that goes through the log and leaves no trace.
absl::Status TryDelete(MemberClient& client) {
  etcdserverpb::TxnRequest txn;
  txn.add_success()->mutable_request_delete_range()->set_key("no such key");
  return client.Txn(txn, absl::Seconds(3)).status();
}

absl::Status TryRead(MemberClient& client, bool serializable) {
  etcdserverpb::RangeRequest range;
  range.set_key("a");
  range.set_range_end("z");
  range.set_serializable(serializable);
  range.set_limit(4);  // values may be large
  return client.Range(range, absl::Seconds(3)).status();
}

void ExpectReadsGoOn(MemberClient& client) {
  for (int i = 0; i < 20; ++i) {
    const absl::Status linearizable = TryRead(client, false);
    const absl::Status serializable = TryRead(client, true);
    EXPECT_TRUE(linearizable.ok()) << linearizable;
    EXPECT_TRUE(serializable.ok()) << serializable;
  }
}

// The server looks at its disk every now and then.
void AwaitRefusal(MemberClient& client) {
  absl::Status put;
  EXPECT_TRUE(WaitFor(kPatience, [&] {
    put = TryPut(client);
    return !put.ok();
  }));
  EXPECT_EQ(put, absl::ResourceExhaustedError(kNoSpace));
}

class DiskFullTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!ServerIsStele()) GTEST_SKIP() << "only steled promises to live through a full disk";
    STELE_REQUIRE_LOOP_DISKS();
  }
};

TEST_F(DiskFullTest, AMemberThatIsAlone) {
  Experiment experiment({.members = 1, .disk_bytes = kDiskBytes});
  Cluster& cluster = experiment.cluster();
  for (int round = 0; round < Scaled(3) && !HasFailure(); ++round) {
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(200, kPatience));
    absl::Time freed_at;
    {
      ForeignFile foreign(cluster.disk(0));
      foreign.TakeAll();
      AwaitRefusal(cluster.client(0));
      ExpectReadsGoOn(cluster.client(0));
      const absl::Status deleted = TryDelete(cluster.client(0));
      EXPECT_TRUE(deleted.ok()) << "the reserve is there for this: " << deleted;
      // The reserve, too, whenever it is given up: nothing is taken any more, but reads go on.
      EXPECT_TRUE(WaitFor(kPatience, [&] {
        foreign.TakeAll();
        return !TryDelete(cluster.client(0)).ok();
      }));
      EXPECT_EQ(TryDelete(cluster.client(0)), absl::ResourceExhaustedError(kNoSpace));
      ExpectReadsGoOn(cluster.client(0));
      freed_at = absl::Now();
    }
    experiment.ExpectWritesResume(-1);
    const absl::Duration resumed = absl::Now() - freed_at;
    EXPECT_LE(resumed, absl::Seconds(3));
    std::cout << "writes resumed " << resumed << " after there was space\n";
  }
  EXPECT_TRUE(cluster.process(0).running());
  experiment.Finish();
}

// First a follower's disk, then the leader's.
TEST_F(DiskFullTest, OneOfThreeMembers) {
  Experiment experiment({.disk_bytes = kDiskBytes});
  Cluster& cluster = experiment.cluster();
  for (const int distance : {1, 0}) {
    EXPECT_TRUE(experiment.writes().AwaitAcknowledged(200, kPatience));
    const int full = (cluster.Leader() + distance) % cluster.size();
    {
      ForeignFile foreign(cluster.disk(full));
      foreign.TakeAll();
      AwaitRefusal(cluster.client(full));
      foreign.TakeAll();
      EXPECT_TRUE(WaitFor(kPatience, [&] { return cluster.Leader() != full; }))
          << "a leader without space makes room for another one";
      experiment.ExpectWritesResume(full);
      EXPECT_TRUE(experiment.writes().AwaitAcknowledged(500, kPatience));
      EXPECT_TRUE(TryRead(cluster.client(full), /*serializable=*/true).ok());
      EXPECT_TRUE(cluster.process(full).running());
    }
    EXPECT_TRUE(WaitFor(kPatience, [&] { return TryDelete(cluster.client(full)).ok(); }));
    EXPECT_TRUE(TryRead(cluster.client(full), /*serializable=*/false).ok());
  }
  experiment.Finish();
}

// The data itself fills the disk, not a file of somebody else's; then there is more space.
TEST_F(DiskFullTest, TheDataFillsTheDisk) {
  Cluster cluster({.members = 1, .disk_bytes = kDiskBytes});
  const auto key = [](int i) { return absl::StrCat("big/", i); };
  auto foreign = std::make_unique<ForeignFile>(cluster.disk(0));
  foreign->Grow(std::uint64_t{64} << 20U);
  int acknowledged = 0;
  const auto put = [&] {
    etcdserverpb::PutRequest request;
    request.set_key(key(acknowledged));
    // Random bytes, so that compression does not help.
    std::string value(std::size_t{256} << 10U, '\0');
    std::mt19937_64 random(static_cast<std::uint64_t>(acknowledged));
    for (char& byte : value) byte = static_cast<char>(random());
    request.set_value(value);
    absl::Status status = cluster.client(0).Put(request, absl::Seconds(10)).status();
    if (status.ok()) ++acknowledged;
    return status;
  };
  const auto expect_all = [&] {
    etcdserverpb::RangeRequest range;
    range.set_key("big/");
    range.set_range_end("big0");
    range.set_count_only(true);
    const auto reply = cluster.client(0).Range(range, absl::Seconds(10));
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->count(), acknowledged);
  };
  absl::Status status;
  while (status.ok() && acknowledged < 4000) status = put();
  EXPECT_EQ(status, absl::ResourceExhaustedError(kNoSpace));
  ExpectReadsGoOn(cluster.client(0));
  expect_all();
  std::cout << acknowledged << " values of 256 KiB until the disk was full\n";
  foreign.reset();
  EXPECT_TRUE(WaitFor(kPatience, [&] { return put().ok(); }));
  expect_all();
  cluster.Kill(0);
  cluster.Restart(0);
  cluster.WaitUntilServing(0);
  expect_all();
}

}  // namespace
}  // namespace stele::process
