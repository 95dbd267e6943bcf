// Verbs for tests of the log store: each says in one word what happens to the log or its disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "src/storage/log_store.h"
#include "tests/sim/sim_file_system.h"

namespace stele::storage {

inline raft::Entry MakeEntry(std::uint64_t index, std::uint64_t term, std::string data) {
  return {.id = {raft::Index{index}, raft::Term{term}}, .data = raft::Payload(std::move(data))};
}

inline raft::SnapshotMeta MakeSnapshot(std::uint64_t index, std::uint64_t term) {
  raft::SnapshotMeta snapshot;
  snapshot.last = {raft::Index{index}, raft::Term{term}};
  snapshot.conf_state.voters = {raft::NodeId{1}, raft::NodeId{2}, raft::NodeId{3}};
  return snapshot;
}

inline raft::HardState MakeHardState(std::uint64_t term, std::uint64_t vote, std::uint64_t commit) {
  return {raft::Term{term}, raft::NodeId{vote}, raft::Index{commit}};
}

// Long runs of one byte are shortened to "x*1500".
inline std::string Shortened(std::string_view data) {
  if (data.size() < 20 || data.find_first_not_of(data[0]) != std::string_view::npos) {
    return std::string(data);
  }
  return data[0] + ("*" + std::to_string(data.size()));
}

// "index/term=data" for each entry, separated by blanks.
inline std::string Describe(const LogStore& log) {
  std::vector<raft::Entry> entries;
  if (log.first_index() <= log.last_index()) {
    EXPECT_EQ(log.Entries(log.first_index(), log.last_index().Next(), UINT64_MAX, &entries),
              raft::LogReadStatus::kOk);
  }
  std::string text;
  for (const raft::Entry& entry : entries) {
    if (!text.empty()) text += ' ';
    text += std::to_string(entry.id.index.value) + "/" + std::to_string(entry.id.term.value) + "=";
    text += Shortened(entry.data.view());
  }
  return text;
}

class WalFixture : public ::testing::Test {
 protected:
  static constexpr LogIdentity kIdentity{.cluster_id = 0xc1, .member_id = 0x1};
  static constexpr std::uint64_t kSegmentBytes = 16 << 10;

  WalFixture() {
    options_.segment_bytes = kSegmentBytes;
    options_.zero_ahead_bytes = 4 << 10;
  }

  void Create() {
    auto created = LogStore::Create(&fs_, kDir, kIdentity, MakeSnapshot(0, 0), options_);
    ASSERT_TRUE(created.ok()) << created.status();
    log_ = *std::move(created);
  }

  // Appends an entry behind the last one.
  void Write(std::string data, std::uint64_t term = 1) {
    WriteAt(log_->last_index().value + 1, std::move(data), term);
  }

  void WriteAt(std::uint64_t index, std::string data, std::uint64_t term) {
    const raft::Entry entry = MakeEntry(index, term, std::move(data));
    ASSERT_TRUE(log_->Append(std::nullopt, {&entry, 1}).ok());
  }

  void Vote(std::uint64_t term, std::uint64_t vote, std::uint64_t commit = 0) {
    ASSERT_TRUE(log_->Append(MakeHardState(term, vote, commit), {}).ok());
  }

  void Sync() { ASSERT_TRUE(log_->Sync().ok()); }

  void WriteSynced(std::string data, std::uint64_t term = 1) {
    Write(std::move(data), term);
    Sync();
  }

  // Appends and syncs large entries until `count` more segments were begun.
  void FillSegments(int count) {
    const std::string active = Segments().back();
    for (int begun = 0; begun < count;) {
      const std::size_t before = Segments().size();
      const std::string last = Segments().back();
      WriteSynced(std::string(1500, 'x'));
      if (Segments().size() != before || Segments().back() != last) ++begun;
    }
  }

  void Close() { log_.reset(); }

  void Crash(sim::PowerCut kind) {
    fs_.CutPower(kind);
    log_.reset();  // its files belong to the life before and take no more writes
  }
  void CrashKeepingSynced() { Crash(sim::PowerCut::kLoseAll); }

  absl::Status Reopen() {
    log_.reset();
    auto opened = LogStore::Open(&fs_, kDir, options_);
    if (!opened.ok()) return opened.status();
    log_ = *std::move(opened);
    return absl::OkStatus();
  }

  // The entries after a start, or the error.
  std::string Replay() {
    const absl::Status opened = Reopen();
    return opened.ok() ? Describe(*log_) : opened.ToString();
  }

  std::vector<std::string> Segments() {
    std::vector<std::string> names = fs_.List(kDir).value();
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(".wal"); });
    return names;
  }
  static std::string PathOf(const std::string& name) { return std::string(kDir) + "/" + name; }
  std::string LastSegment() { return PathOf(Segments().back()); }
  std::string FirstSegment() { return PathOf(Segments().front()); }

  // Where `bytes` are first found in a segment.
  std::uint64_t OffsetOf(const std::string& path, std::string_view bytes) {
    const std::size_t offset = fs_.ReadAll(path).value().find(bytes);
    EXPECT_NE(offset, std::string::npos);
    return offset;
  }

  static constexpr char kDir[] = "/log";
  sim::SimFileSystem fs_{1};
  LogStoreOptions options_;
  std::unique_ptr<LogStore> log_;
};

}  // namespace stele::storage
