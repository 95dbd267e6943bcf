// Members that come back with damaged files: every answer stays right, and they repair themselves.
#include "tests/process/damage.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <vector>

#include "tests/process/experiment.h"

namespace stele::process {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kPatience = absl::Seconds(30);

// Bit 20 of the payload length of a record in the middle of what is used (docs/wal_format.md,
// section 2: the length is at offset 4 of a header of 56 bytes, after a preamble of 16).
void FlipLengthBit(const fs::path& segment) {
  std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
  ASSERT_TRUE(file.is_open()) << segment;
  std::vector<std::streamoff> records;
  std::streamoff at = 16;
  while (true) {
    std::uint32_t checksum_and_length[2] = {};
    file.seekg(at);
    if (!file.read(reinterpret_cast<char*>(checksum_and_length), sizeof(checksum_and_length))) {
      break;
    }
    if (checksum_and_length[0] == 0) break;
    records.push_back(at);
    at += 56 + (checksum_and_length[1] + 7) / 8 * 8;
  }
  ASSERT_GT(records.size(), 300U);
  file.clear();
  const std::streamoff length_byte = records[records.size() / 2] + 4 + 20 / 8;
  file.seekg(length_byte);
  const int byte = file.get();
  file.seekp(length_byte);
  file.put(static_cast<char>(byte ^ (1 << (20 % 8))));
}

class Campaigner {
 public:
  // One case: a follower stops, is damaged and starts again, and must serve within 30 s.
  void Run(const Damage& damage) {
    SCOPED_TRACE(Describe(damage));
    const int member = (cluster_.Leader() + 1 + cases_ % 2) % cluster_.size();
    const bool clean_stop = cases_ % 3 == 0;
    bool inflicted = false;
    // A file that was there may go while the member stops: a log segment is released, or a store
    // that came with a snapshot has no table yet.
    for (int attempt = 0; attempt < 5 && !inflicted; ++attempt) {
      if (attempt > 0) StartAndServe(member);
      inflicted = StopAndDamage(member, clean_stop, damage);
    }
    EXPECT_TRUE(inflicted) << "there is nothing to damage";
    EXPECT_TRUE(experiment_.writes().AwaitAcknowledged(100, kPatience));
    const absl::Time started = absl::Now();
    StartAndServe(member);
    const absl::Duration took = absl::Now() - started;
    EXPECT_LE(took, kPatience);
    slowest_ = std::max(slowest_, took);
    AwaitScrub(member);
    const bool repaired = absl::StrContains(cluster_.process(member).Output(), "quarantine");
    ++cases_;
    (repaired ? repaired_ : harmless_) += 1;
    std::cout << (clean_stop ? "stopped, " : "killed, ") << Describe(damage) << ": "
              << (repaired ? "repaired" : "harmless") << ", serves after "
              << absl::ToInt64Milliseconds(took) << " ms" << std::endl;
  }

  void Finish() {
    experiment_.Finish();
    std::cout << "damaged members " << cases_ << ": repaired " << repaired_ << ", harmless "
              << harmless_ << "; slowest " << absl::FormatDuration(slowest_) << "\n";
  }

 private:
  bool StopAndDamage(int member, bool clean_stop, const Damage& damage) {
    const fs::path old_copy = cluster_.directory() / "old_copy";
    if (damage.kind == DamageKind::kOldCopy) {
      Stop(member, true);
      fs::copy(cluster_.data_dir(member), old_copy, fs::copy_options::recursive);
      StartAndServe(member);
    }
    EXPECT_TRUE(experiment_.writes().AwaitAcknowledged(300, kPatience));
    // Tables are written once in a while.
    EXPECT_TRUE(WaitFor(kPatience, [&] { return IsThere(damage, cluster_.data_dir(member)); }));
    Stop(member, clean_stop);
    const bool inflicted = Inflict(damage, cluster_.data_dir(member), old_copy, &random_);
    fs::remove_all(old_copy);
    return inflicted;
  }

  // Damage that the start did not meet must not wait until the next case harms another member: two
  // of three are too many.
  void AwaitScrub(int member) {
    EXPECT_TRUE(WaitFor(kPatience, [&] {
      const std::string output = cluster_.process(member).Output();
      const auto last = output.rfind("quarantine: starting over");
      return output.find("all are what was written", last == std::string::npos ? 0 : last) !=
             std::string::npos;
    })) << "the scrub did not end";
    cluster_.WaitUntilServing(member);
  }

  void StartAndServe(int member) {
    cluster_.Restart(member);
    cluster_.WaitUntilServing(member);
  }

  void Stop(int member, bool clean) {
    if (!clean) return cluster_.Kill(member);
    cluster_.process(member).Signal(SIGTERM);
    EXPECT_TRUE(cluster_.process(member).WaitForExit(kPatience).has_value());
  }

  // Few writers, so that the members have time to repair themselves, and tables are written often.
  Experiment experiment_{{.flags = {"--snapshot-count", "100", "--scrub-interval", "1"}},
                         {.writers = 2}};
  Cluster& cluster_ = experiment_.cluster();
  std::mt19937_64 random_{20261122};
  int cases_ = 0;
  int repaired_ = 0;
  int harmless_ = 0;
  absl::Duration slowest_;
};

TEST(DamageTest, AnyDamagedFileIsHarmlessOrRepaired) {
  Campaigner campaigner;
  for (const Damage& damage : Campaign()) {
    campaigner.Run(damage);
    if (testing::Test::HasFailure()) break;
  }
  campaigner.Finish();
}

etcdserverpb::RangeRequest Everything() {
  etcdserverpb::RangeRequest range;
  range.set_key("k");
  range.set_range_end("l");
  return range;
}

// The scrub: nobody reads the table, and the member does not start anew.
TEST(DamageTest, AFlippedBitThatNobodyReadsIsFoundWhileServing) {
  Experiment experiment({.flags = {"--snapshot-count", "100", "--scrub-interval", "1"}},
                        {.writers = 2});
  Cluster& cluster = experiment.cluster();
  const int member = (cluster.Leader() + 1) % cluster.size();
  std::mt19937_64 random(20261122);
  const auto is_found = [&] {
    return absl::StrContains(cluster.process(member).Output(), "is not what was written");
  };
  // A compaction may take the table away before the scrub comes to it.
  EXPECT_TRUE(WaitFor(kPatience, [&] {
    (void)Inflict({DamageKind::kFlipBit, "member/store/*.sst"}, cluster.data_dir(member), "",
                  &random);
    return WaitFor(absl::Seconds(3), is_found);
  }));
  EXPECT_TRUE(WaitFor(kPatience, [&] {
    return absl::StrContains(cluster.process(member).Output(), "quarantine is over");
  }));
  cluster.WaitUntilServing(member);
  experiment.Finish();
}

// etcd 3.5 loses 136 of 400 acknowledged writes here: one bit of a length in the log of one member
// is flipped while another one, which has all writes, is down; the third has only the first part.
TEST(DamageTest, OneFlippedBitAndOneMemberDownLosesNothing) {
  Cluster cluster({});
  const int behind = (cluster.Leader() + 1) % cluster.size();
  const int damaged = (behind + 1) % cluster.size();
  const int intact = (damaged + 1) % cluster.size();
  const auto put = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      etcdserverpb::PutRequest request;
      request.set_key(absl::StrCat("k", i));
      request.set_value(absl::StrCat("value ", i));
      ASSERT_TRUE(WaitFor(
          kPatience, [&] { return cluster.client(intact).Put(request, absl::Seconds(5)).ok(); }));
    }
  };
  put(0, 100);
  cluster.Kill(behind);
  put(100, 400);
  cluster.Kill(damaged);
  cluster.Kill(intact);
  const fs::path segment = cluster.data_dir(damaged) / "member/wal/00000001.wal";
  FlipLengthBit(segment);
  cluster.Restart(damaged);
  cluster.Restart(behind);
  // Unavailable is right, anything but all 400 keys is wrong.
  const absl::Time end = absl::Now() + absl::Seconds(5);
  int answers = 0;
  while (absl::Now() < end) {
    for (const int member : {damaged, behind}) {
      const auto range = cluster.client(member).Range(Everything(), absl::Milliseconds(500));
      if (!range.ok()) continue;
      ++answers;
      EXPECT_EQ(range->kvs_size(), 400);
    }
  }
  std::cout << "answers while the damaged member and the one behind were alone: " << answers
            << "\n";
  cluster.Restart(intact);
  cluster.WaitUntilAllServe();
  for (int member = 0; member < cluster.size(); ++member) {
    const auto range = cluster.client(member).Range(Everything(), kPatience);
    ASSERT_TRUE(range.ok()) << range.status();
    EXPECT_EQ(range->kvs_size(), 400) << "member " << member;
  }
}

}  // namespace
}  // namespace stele::process
