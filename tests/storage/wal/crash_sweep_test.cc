// Every way in which a script of log operations can be cut short: at each of its disk operations
// the machine crashes, the process dies or the disk refuses, and the log is started again. Without
// chance in what is tried, so that "no failure" is a proof for this script.

#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "src/storage/log_store.h"
#include "tests/storage/wal/wal_fixture.h"

namespace stele::storage {
namespace {

using raft::Entry;
using raft::Index;
using sim::DiskFault;
using sim::FileOperation;
using sim::PowerCut;
using sim::SimFileSystem;

constexpr char kDir[] = "/data/log";
constexpr LogIdentity kIdentity{.cluster_id = 7, .member_id = 3};

LogStoreOptions TinyOptions() {
  LogStoreOptions options;
  options.segment_bytes = 8 << 10;
  options.zero_ahead_bytes = 1 << 10;
  options.expected_identity = kIdentity;
  return options;
}

// All that a caller can see of a log, as text.
std::string StateOf(const LogStore& log) {
  const raft::HardState& hard = log.hard_state();
  const raft::SnapshotMeta snapshot = log.LatestSnapshot();
  std::string text = "first " + std::to_string(log.first_index().value) + " last " +
                     std::to_string(log.last_index().value) + " term " +
                     std::to_string(hard.term.value) + " vote " + std::to_string(hard.vote.value) +
                     " commit " + std::to_string(hard.commit.value) + " snapshot " +
                     std::to_string(snapshot.last.index.value) + "/" +
                     std::to_string(snapshot.last.term.value) + " voters";
  for (const raft::NodeId voter : log.base_conf_state().voters) {
    text += " " + std::to_string(voter.value);
  }
  return text + ": " + Describe(log);
}

// A life of a log. Each step leaves everything durable.
class Script {
 public:
  explicit Script(SimFileSystem* fs) : fs_(fs) {}

  static std::size_t size() { return Steps().size(); }

  // Runs to the first failure; the number of steps that succeeded.
  std::size_t Run(std::vector<std::string>* states = nullptr) {
    std::size_t done = 0;
    for (const Step& step : Steps()) {
      if (!step(*this).ok()) break;
      ++done;
      if (states != nullptr) states->push_back(StateOf(*log_));
    }
    return done;
  }

 private:
  using Step = std::function<absl::Status(Script&)>;

  static const std::vector<Step>& Steps() {
    static const std::vector<Step> steps = {
        [](Script& s) { return s.Create(); },
        [](Script& s) { return s.Append({"first"}, 1, MakeHardState(1, 2, 0)); },
        [](Script& s) {
          return s.Append({"b", std::string(700, 'c'), ""}, 1);
        },
        [](Script& s) { return s.Reserve(); },
        [](Script& s) { return s.Append({}, 1, MakeHardState(2, 3, 1)); },
        [](Script& s) {
          return s.Replace(2, {"B", "C"}, 2, MakeHardState(2, 3, 2));
        },
        [](Script& s) { return s.log_->Seal(); },
        [](Script& s) { return s.Append({std::string(2500, 'd')}, 2); },
        [](Script& s) { return s.Reserve(); },
        [](Script& s) {
          return s.Append({std::string(2500, 'e'), "f"}, 2);
        },
        [](Script& s) { return s.Reopen(MakeHardState(2, 3, 4)); },
        [](Script& s) { return s.Append({std::string(3000, 'g')}, 3, MakeHardState(3, 1, 5)); },
        [](Script& s) { return s.Append({std::string(9000, 'h')}, 3); },  // larger than a segment
        [](Script& s) {
          return s.Append({std::string(600, 'i'), std::string(600, 'j')}, 3);
        },
        [](Script& s) { return s.log_->Release(MakeSnapshot(5, 2), Index{4}); },
        [](Script& s) { return s.Reserve(); },
        [](Script& s) { return s.Append({std::string(6000, 'k')}, 3); },
        [](Script& s) { return s.log_->Release(MakeSnapshot(10, 3), Index{9}); },
        [](Script& s) { return s.Append({std::string(7000, 'l')}, 3); },  // into a recycled segment
        [](Script& s) { return s.Replace(11, {"K"}, 4, MakeHardState(4, 4, 10)); },
        [](Script& s) {
          return s.Append({std::string(1500, 'm'), "n"}, 4);
        },
        [](Script& s) { return s.log_->Release(MakeSnapshot(12, 4), Index{10}); },
        [](Script& s) { return s.Install(MakeSnapshot(12, 4)); },  // agrees: "n" stays
        [](Script& s) { return s.Install(MakeSnapshot(40, 5), MakeHardState(5, 0, 40)); },
        [](Script& s) {
          return s.Append({std::string(5000, 'o'), "p"}, 5);
        },
        [](Script& s) { return s.Append({std::string(2000, 'q')}, 5); },
        [](Script& s) { return s.Reopen(MakeHardState(5, 0, 42)); },
        [](Script& s) { return s.Append({"r"}, 5); },
        [](Script& s) { return s.log_->Seal(); },
        [](Script& s) { return s.Append({"s"}, 5); },
    };
    return steps;
  }

  absl::Status Create() {
    auto created = LogStore::Create(fs_, kDir, kIdentity, MakeSnapshot(0, 0), TinyOptions());
    if (!created.ok()) return created.status();
    log_ = *std::move(created);
    return absl::OkStatus();
  }

  // Sealing writes the hard state, in which only the commit index has moved.
  absl::Status Reopen(const raft::HardState& hard_state) {
    if (absl::Status appended = log_->Append(hard_state, {}); !appended.ok()) return appended;
    if (absl::Status sealed = log_->Seal(); !sealed.ok()) return sealed;
    log_.reset();
    auto opened = LogStore::Open(fs_, kDir, TinyOptions());
    if (!opened.ok()) return opened.status();
    log_ = *std::move(opened);
    return absl::OkStatus();
  }

  absl::Status Append(const std::vector<std::string>& data, std::uint64_t term,
                      const std::optional<raft::HardState>& hard_state = std::nullopt) {
    return Replace(log_->last_index().value + 1, data, term, hard_state);
  }

  absl::Status Replace(std::uint64_t index, const std::vector<std::string>& data,
                       std::uint64_t term, const std::optional<raft::HardState>& hard_state = {}) {
    std::vector<Entry> entries;
    entries.reserve(data.size());
    for (const std::string& bytes : data) entries.push_back(MakeEntry(index++, term, bytes));
    if (absl::Status status = log_->Append(hard_state, entries); !status.ok()) return status;
    return log_->Sync();
  }

  // A full disk is no failure here: the log goes on as long as it has room.
  absl::Status Reserve() {
    const absl::Status status = log_->Reserve();
    EXPECT_EQ(log_->reserved(), status.ok());
    return absl::IsResourceExhausted(status) ? absl::OkStatus() : status;
  }

  absl::Status Install(const raft::SnapshotMeta& snapshot,
                       const std::optional<raft::HardState>& hard_state = std::nullopt) {
    if (absl::Status status = log_->InstallSnapshot(snapshot); !status.ok()) return status;
    if (absl::Status status = log_->Append(hard_state, {}); !status.ok()) return status;
    return log_->Sync();
  }

  SimFileSystem* fs_;
  std::unique_ptr<LogStore> log_;
};

struct Ending {
  const char* name;
  std::optional<PowerCut> power_cut;  // otherwise the process dies
};

// The chance in tears comes from the disk's seed; several of a kind try several patterns.
const std::vector<Ending> kEndings = {
    {"process dies", std::nullopt},           {"lose all", PowerCut::kLoseAll},
    {"keep all", PowerCut::kKeepAll},         {"lose some", PowerCut::kLoseSome},
    {"lose some", PowerCut::kLoseSome},       {"lose some", PowerCut::kLoseSome},
    {"tear sectors", PowerCut::kTearSectors}, {"tear sectors", PowerCut::kTearSectors},
    {"tear sectors", PowerCut::kTearSectors}, {"tear sectors", PowerCut::kTearSectors},
    {"tear words", PowerCut::kTearWords},     {"tear words", PowerCut::kTearWords},
};

// A copy of the disk after that ending; `seed` makes the endings of a kind differ.
std::unique_ptr<SimFileSystem> Ended(const SimFileSystem& before, const Ending& ending,
                                     std::uint64_t seed) {
  auto fs = std::make_unique<SimFileSystem>(before);
  fs->Reseed(seed);
  if (ending.power_cut) {
    fs->CutPower(*ending.power_cut);
  } else {
    fs->KillProcess();
  }
  return fs;
}

class CrashSweepTest : public ::testing::Test {
 protected:
  CrashSweepTest() {
    SimFileSystem fs(1);
    MakeParent(&fs);
    const std::uint64_t before = fs.operation_count();
    EXPECT_EQ(Script(&fs).Run(&states_), Script::size());
    operations_ = fs.operation_count() - before;
  }

  static void MakeParent(SimFileSystem* fs) {
    ASSERT_TRUE(fs->CreateDir("/data").ok());
    ASSERT_TRUE(fs->SyncDir("/").ok());
  }

  // The disk after `fault` hit operation `n` of the script; `done` steps had succeeded.
  std::unique_ptr<SimFileSystem> RunInto(DiskFault fault, std::uint64_t n, std::size_t* done) {
    auto fs = std::make_unique<SimFileSystem>(n);
    MakeParent(fs.get());
    const std::uint64_t at = fs->operation_count() + n;
    fs->SetFaultHook([fault, at](const FileOperation& operation) {
      return operation.number == at ? fault : DiskFault::kNone;
    });
    Script script(fs.get());
    *done = script.Run();
    return fs;
  }

  // What a log that lived through `done` steps, and perhaps one more, may hold.
  bool IsAllowed(const std::string& state, std::size_t done) const {
    const bool before = done > 0 && state == states_[done - 1];
    const bool after = done < states_.size() && state == states_[done];
    return before || after;
  }

  // Starts the log and checks it; then shows that it works on. The state, or "" if there is none.
  std::string CheckStart(SimFileSystem* fs, std::size_t done) {
    ++cases_;
    auto opened = LogStore::Open(fs, kDir, TinyOptions());
    if (done == 0 && absl::IsNotFound(opened.status())) {
      SimFileSystem again(*fs);  // the caller goes on with the disk as it is
      EXPECT_EQ(Script(&again).Run(), Script::size()) << "after a creation that was cut short";
      return "";
    }
    EXPECT_TRUE(opened.ok()) << opened.status();
    if (!opened.ok()) return "";
    std::string state = StateOf(**opened);
    EXPECT_TRUE(IsAllowed(state, done)) << "after " << done << " steps: " << state;
    return state;
  }

  // Appends to a log that was just recovered; it must hold after the next power cut, too.
  void CheckUse(SimFileSystem* fs, PowerCut cut) {
    auto log = LogStore::Open(fs, kDir, TinyOptions()).value();
    const std::string shown = StateOf(*log);
    fs->CutPower(cut);
    log = LogStore::Open(fs, kDir, TinyOptions()).value();
    EXPECT_EQ(StateOf(*log), shown) << "what a start has shown must be durable";
    const Entry entry = MakeEntry(log->last_index().value + 1, 9, std::string(1700, 'z'));
    ASSERT_TRUE(log->Append(MakeHardState(9, 1, 0), {&entry, 1}).ok());
    ASSERT_TRUE(log->Sync().ok());
    const std::string used = StateOf(*log);
    fs->CutPower(cut);
    log.reset();
    log = LogStore::Open(fs, kDir, TinyOptions()).value();
    EXPECT_EQ(StateOf(*log), used);
  }

  // Disturbs the recovery from `damaged` at each of its operations.
  void CheckRecoveryOf(const SimFileSystem& damaged, std::size_t done) {
    SimFileSystem undisturbed(damaged);
    const std::uint64_t before = undisturbed.operation_count();
    if (!LogStore::Open(&undisturbed, kDir, TinyOptions()).ok()) return;
    const std::uint64_t operations = undisturbed.operation_count() - before;
    for (std::uint64_t m = 1; m <= operations && !HasFailure(); ++m) {
      for (const DiskFault fault : {DiskFault::kCrashAfter, DiskFault::kIoError}) {
        SimFileSystem disturbed(damaged);
        const std::uint64_t at = disturbed.operation_count() + m;
        disturbed.SetFaultHook([fault, at](const FileOperation& operation) {
          return operation.number == at ? fault : DiskFault::kNone;
        });
        LogStore::Open(&disturbed, kDir, TinyOptions()).status().IgnoreError();
        for (const std::size_t e : {0U, 1U, 3U, 6U}) {
          SCOPED_TRACE(testing::Message()
                       << "recovery operation " << m << ", " << kEndings[e].name);
          CheckStart(Ended(disturbed, kEndings[e], m * 64 + e).get(), done);
        }
      }
    }
  }

  void PrintFigures(const char* what) const {
    std::printf("%s: %llu operations in the script, %llu cases, %.1f s of CPU time\n", what,
                static_cast<unsigned long long>(operations_),
                static_cast<unsigned long long>(cases_),
                static_cast<double>(std::clock() - begin_) / CLOCKS_PER_SEC);
  }

  std::vector<std::string> states_;  // after each step
  std::uint64_t operations_ = 0;
  std::uint64_t cases_ = 0;
  const std::clock_t begin_ = std::clock();
};

TEST_F(CrashSweepTest, TheScriptReachesWhatItIsFor) {
  SimFileSystem fs(1);
  MakeParent(&fs);
  std::uint64_t renames = 0;
  std::uint64_t removals = 0;
  fs.SetFaultHook([&](const FileOperation& operation) {
    if (operation.kind == FileOperation::Kind::kRename) ++renames;
    if (operation.kind == FileOperation::Kind::kRemove) ++removals;
    return DiskFault::kNone;
  });
  EXPECT_EQ(Script(&fs).Run(), Script::size());
  EXPECT_GE(renames, 4U) << "creation, recycling and use of a recycled segment";
  EXPECT_GE(removals, 2U);
}

TEST_F(CrashSweepTest, ACrashAtEveryOperation) {
  for (std::uint64_t n = 1; n <= operations_ && !HasFailure(); ++n) {
    for (const DiskFault fault : {DiskFault::kCrashBefore, DiskFault::kCrashAfter}) {
      std::size_t done = 0;
      const std::unique_ptr<SimFileSystem> crashed = RunInto(fault, n, &done);
      for (std::size_t e = 0; e < kEndings.size(); ++e) {
        SCOPED_TRACE(testing::Message() << "operation " << n << ", " << kEndings[e].name);
        const std::unique_ptr<SimFileSystem> fs = Ended(*crashed, kEndings[e], n * 64 + e);
        if (CheckStart(fs.get(), done).empty()) continue;
        SimFileSystem torn(*fs);
        CheckUse(&torn, PowerCut::kTearSectors);
        CheckUse(fs.get(), PowerCut::kLoseAll);
      }
    }
  }
  PrintFigures("crash");
}

TEST_F(CrashSweepTest, AnErrorAtEveryOperation) {
  for (std::uint64_t n = 1; n <= operations_ && !HasFailure(); ++n) {
    for (const DiskFault fault :
         {DiskFault::kIoError, DiskFault::kNoSpace, DiskFault::kShortWrite}) {
      std::size_t done = 0;
      const std::unique_ptr<SimFileSystem> failed = RunInto(fault, n, &done);
      for (std::size_t e = 0; e < kEndings.size(); ++e) {
        SCOPED_TRACE(testing::Message() << "operation " << n << ", fault "
                                        << static_cast<int>(fault) << ", " << kEndings[e].name);
        const std::unique_ptr<SimFileSystem> fs = Ended(*failed, kEndings[e], n * 64 + e);
        if (CheckStart(fs.get(), done).empty()) continue;
        CheckUse(fs.get(), PowerCut::kLoseAll);
      }
    }
  }
  PrintFigures("errors");
}

TEST_F(CrashSweepTest, ACrashOrErrorInTheRecoveryFromEveryCrash) {
  for (std::uint64_t n = 1; n <= operations_ && !HasFailure(); ++n) {
    std::size_t done = 0;
    const std::unique_ptr<SimFileSystem> crashed = RunInto(DiskFault::kCrashAfter, n, &done);
    for (const std::size_t e : {0U, 1U, 2U, 3U, 6U, 10U}) {  // one of each kind
      SCOPED_TRACE(testing::Message() << "operation " << n << ", " << kEndings[e].name);
      CheckRecoveryOf(*Ended(*crashed, kEndings[e], n * 64 + e), done);
    }
  }
  PrintFigures("crash or error in recovery");
}

}  // namespace
}  // namespace stele::storage
