// A member rejoins by a large snapshot while the others take writes at a steady pace: what that
// does to the latency of the leader, how long it takes, and whether one snapshot is enough. Sizes
// come from the environment: STELE_REJOIN_MIB (64 MiB of data) and STELE_REJOIN_RATE (1000
// writes/s).
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "tests/process/cluster.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(120);
constexpr std::size_t kValueBytes = std::size_t{64} << 10U;
constexpr absl::Duration kBefore = absl::Seconds(5);
// Below this a p99 says more about the machine than about the server.
constexpr absl::Duration kNoise = absl::Milliseconds(25);

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  int value = otherwise;
  if (text != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(text, &value)) << name;
  }
  return value;
}

std::string RandomBytes(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    const std::uint64_t word = random();
    std::copy_n(reinterpret_cast<const char*>(&word), 8, bytes.begin() + static_cast<long>(i));
  }
  return bytes;
}

// Writes at a steady pace, whatever the answers do, and notes how long each took from the moment at
// which it was due.
class SteadyWriter {
 public:
  SteadyWriter(const std::string& address, int per_second)
      : client_(std::make_unique<MemberClient>(address)), interval_(absl::Seconds(1) / per_second) {
    thread_ = std::thread([this] { Run(); });
  }
  ~SteadyWriter() { Stop(); }
  SteadyWriter(const SteadyWriter&) = delete;
  SteadyWriter& operator=(const SteadyWriter&) = delete;

  // The latencies since the last call, sorted.
  std::vector<absl::Duration> Take() {
    std::vector<absl::Duration> taken;
    {
      const absl::MutexLock lock(&mutex_);
      taken.swap(latencies_);
    }
    std::ranges::sort(taken);
    return taken;
  }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    client_.reset();  // waits for the last answer
  }
  std::int64_t acknowledged() const { return acknowledged_; }
  std::int64_t failed() const { return failed_; }

 private:
  void Run() {
    absl::Time due = absl::Now();
    for (std::int64_t number = 0; !stopping_; ++number) {
      due += interval_;
      absl::SleepFor(due - absl::Now());
      etcdserverpb::PutRequest put;
      put.set_key(absl::StrCat("steady/", number));
      put.set_value(std::string(128, 'v'));
      client_->PutAsync(put, absl::Seconds(10),
                        [this, due](const absl::StatusOr<etcdserverpb::PutResponse>& reply) {
                          ++(reply.ok() ? acknowledged_ : failed_);
                          const absl::MutexLock lock(&mutex_);
                          latencies_.push_back(absl::Now() - due);
                        });
    }
  }

  std::atomic<bool> stopping_ = false;
  std::atomic<std::int64_t> acknowledged_ = 0;
  std::atomic<std::int64_t> failed_ = 0;
  absl::Mutex mutex_;
  std::vector<absl::Duration> latencies_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<MemberClient> client_;  // after what its callbacks use
  const absl::Duration interval_;
  std::thread thread_;
};

absl::Duration Percentile(const std::vector<absl::Duration>& sorted, double share) {
  if (sorted.empty()) return absl::InfiniteDuration();
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void Print(const char* when, const std::vector<absl::Duration>& sorted) {
  std::cout << when << ": " << sorted.size() << " writes, p50 " << Percentile(sorted, 0.5)
            << ", p99 " << Percentile(sorted, 0.99) << ", p99.9 " << Percentile(sorted, 0.999)
            << ", max " << Percentile(sorted, 1) << "\n";
}

// Fills the store with values that cannot be compressed, a few at a time.
void Fill(MemberClient& client, int mib) {
  std::atomic<int> under_way = 0;
  std::atomic<int> failed = 0;
  const int count = mib * 16;
  for (int i = 0; i < count; ++i) {
    etcdserverpb::PutRequest put;
    put.set_key(absl::StrCat("fill/", i));
    put.set_value(RandomBytes(static_cast<std::uint64_t>(i), kValueBytes));
    EXPECT_TRUE(WaitFor(kPatience, [&] { return under_way < 16; }));
    ++under_way;
    client.PutAsync(put, absl::Seconds(60), [&](const auto& reply) {
      failed += !reply.ok();
      --under_way;
    });
  }
  EXPECT_TRUE(WaitFor(kPatience, [&] { return under_way == 0; }));
  EXPECT_EQ(failed, 0);
}

std::int64_t CountOn(MemberClient& client, const std::string& prefix) {
  etcdserverpb::RangeRequest range;
  range.set_key(prefix + "/");
  range.set_range_end(prefix + "0");
  range.set_count_only(true);
  const auto reply = client.Range(range, absl::Seconds(20));
  EXPECT_TRUE(reply.ok()) << reply.status();
  return reply.ok() ? reply->count() : -1;
}

std::size_t Occurrences(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

TEST(RejoinTest, BySnapshotUnderSteadyWrites) {
  if (!ServerIsStele()) GTEST_SKIP() << "the texts of steled's log are looked for";
  const int mib = FromEnvironment("STELE_REJOIN_MIB", 64);
  const int rate = FromEnvironment("STELE_REJOIN_RATE", 1000);
  // The log is released early, so that entries alone do not bring the member back.
  Cluster cluster({.flags = {"--snapshot-count", "100"}});
  const int leader = cluster.Leader();
  const int absent = (leader + 1) % cluster.size();
  cluster.Kill(absent);
  Fill(cluster.client(leader), mib);

  SteadyWriter writer(cluster.address(leader), rate);
  absl::SleepFor(absl::Seconds(1));  // the pace settles
  writer.Take();
  absl::SleepFor(kBefore);  // what is measured is this time
  const std::vector<absl::Duration> before = writer.Take();
  const absl::Time restarted = absl::Now();
  cluster.Restart(absent);
  const auto installed = [&] {
    return Occurrences(cluster.process(absent).Output(), "installed snapshot");
  };
  EXPECT_TRUE(WaitFor(kPatience, [&] { return installed() > 0; }));
  const absl::Duration until_installed = absl::Now() - restarted;
  // A linearizable read on it shows that it has followed up to now.
  cluster.WaitUntilServing(absent);
  const absl::Duration until_serving = absl::Now() - restarted;
  const std::vector<absl::Duration> during = writer.Take();
  absl::SleepFor(kBefore);
  const std::vector<absl::Duration> after = writer.Take();
  writer.Stop();

  std::cout << mib << " MiB, " << rate << " writes/s: snapshot installed after " << until_installed
            << ", serving after " << until_serving << "\n";
  Print("before", before);
  Print("during", during);
  Print("after ", after);
  const double ratio = absl::FDivDuration(Percentile(during, 0.99), Percentile(before, 0.99));
  std::cout << "p99 during the transfer is " << ratio << " times that before\n";

  EXPECT_EQ(writer.failed(), 0);
  EXPECT_EQ(installed(), 1U) << "the log did not reach back to the snapshot any more";
  EXPECT_EQ(cluster.Leader(), leader) << "sending a snapshot is no reason for an election";
  EXPECT_LE(Percentile(during, 0.99), std::max(2 * Percentile(before, 0.99), kNoise));
  EXPECT_EQ(CountOn(cluster.client(absent), "steady"), writer.acknowledged());
  EXPECT_EQ(CountOn(cluster.client(absent), "fill"), mib * 16);
}

}  // namespace
}  // namespace stele::process
