// What the Raft core costs, without disk, network and threads: an entry from Propose to the Ready
// that commits it, and a round of linearizable reads.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/raft/check.h"
#include "src/raft/raw_node.h"

namespace stele::raft {
namespace {

constexpr std::size_t kEntryBytes = 300;

// Entries in memory; those that everybody has are forgotten, so that long runs need no more of it.
class MemoryLog final : public LogReader {
 public:
  Index first_index() const override { return base_.index.Next(); }
  Index last_index() const override { return {base_.index.value + entries_.size()}; }
  LogReadStatus TermAt(Index index, Term* term) const override {
    if (index < base_.index) return LogReadStatus::kCompacted;
    if (index > last_index()) return LogReadStatus::kUnavailable;
    *term = index == base_.index ? base_.term : At(index).id.term;
    return LogReadStatus::kOk;
  }
  LogReadStatus Entries(Index from, Index to, std::uint64_t bytes_max,
                        std::vector<Entry>* entries) const override {
    if (from < first_index()) return LogReadStatus::kCompacted;
    std::uint64_t bytes = 0;
    for (Index at = from; at < to; at = at.Next()) {
      bytes += At(at).data.size();
      if (at != from && bytes > bytes_max) break;
      entries->push_back(At(at));
    }
    return LogReadStatus::kOk;
  }
  SnapshotMeta LatestSnapshot() const override { return {.last = base_, .conf_state = conf_}; }

  void set_conf(ConfState conf) { conf_ = std::move(conf); }
  void Append(const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      while (last_index() >= entry.id.index) entries_.pop_back();
      entries_.push_back(entry);
    }
  }
  void ForgetUpTo(Index index) {
    while (!entries_.empty() && entries_.front().id.index <= index) {
      base_ = entries_.front().id;
      entries_.pop_front();
    }
  }

 private:
  const Entry& At(Index index) const { return entries_[index.value - base_.index.value - 1]; }

  EntryId base_;
  ConfState conf_;
  std::deque<Entry> entries_;
};

// Members whose disks and networks take no time.
class Cluster {
 public:
  explicit Cluster(std::uint64_t members) {
    ConfState conf;
    for (std::uint64_t id = 1; id <= members; ++id) conf.voters.push_back(NodeId{id});
    for (std::uint64_t id = 1; id <= members; ++id) {
      logs_.push_back(std::make_unique<MemoryLog>());
      logs_.back()->set_conf(conf);
      Config config;
      config.id = NodeId{id};
      nodes_.push_back(std::make_unique<RawNode>(config, *logs_.back(), HardState{}, conf, Index{},
                                                 [](std::uint64_t) { return std::uint64_t{0}; }));
    }
    nodes_[0]->Campaign();
    Settle();
    STELE_CHECK(leader().IsLeader());
  }

  RawNode& leader() { return *nodes_[0]; }
  // Until nobody has anything to do.
  void Settle() {
    for (bool worked = true; worked;) {
      worked = false;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!nodes_[i]->HasReady()) continue;
        Serve(i);
        worked = true;
      }
    }
  }
  // Lets go of what all members have. The core must not want it any more.
  void Forget() {
    for (const auto& log : logs_) log->ForgetUpTo(Index{leader().commit_index().value - 1});
  }
  std::uint64_t reads() const { return reads_; }

 private:
  void Serve(std::size_t i) {
    Ready ready = nodes_[i]->TakeReady();
    Send(std::move(ready.messages));
    logs_[i]->Append(ready.entries);
    nodes_[i]->OnPersisted(ready.number);
    Send(std::move(ready.messages_after_persist));
    if (!ready.committed_entries.empty()) {
      nodes_[i]->OnApplied(ready.committed_entries.back().id.index);
    }
    reads_ += ready.read_states.size();
  }
  void Send(std::vector<Message> messages) {
    for (Message& message : messages) {
      RawNode& receiver = *nodes_[message.to.value - 1];
      receiver.Step(std::move(message));
    }
  }

  std::vector<std::unique_ptr<MemoryLog>> logs_;
  std::vector<std::unique_ptr<RawNode>> nodes_;
  std::uint64_t reads_ = 0;
};

// Arguments: members, entries that are proposed together. Time is per batch, of all members.
void Replicate(benchmark::State& state) {
  Cluster cluster(static_cast<std::uint64_t>(state.range(0)));
  const std::string data(kEntryBytes, 'd');
  std::int64_t since_forgotten = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(1); ++i) {
      STELE_CHECK(cluster.leader().Propose(Payload(data)) == ProposeResult::kAccepted);
    }
    cluster.Settle();
    since_forgotten += state.range(1);
    if (since_forgotten < 10'000) continue;
    since_forgotten = 0;
    state.PauseTiming();
    cluster.Forget();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(Replicate)->ArgsProduct({{1, 3, 5}, {1, 64}})->ArgNames({"members", "entries"});

// A ReadIndex round of all members.
void ReadRound(benchmark::State& state) {
  Cluster cluster(static_cast<std::uint64_t>(state.range(0)));
  std::uint64_t round = 0;
  for (auto _ : state) {
    STELE_CHECK(cluster.leader().ReadIndex(++round) == ProposeResult::kAccepted);
    cluster.Settle();
  }
  STELE_CHECK(cluster.reads() == round);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ReadRound)->Arg(1)->Arg(3)->Arg(5)->ArgName("members");

}  // namespace
}  // namespace stele::raft

BENCHMARK_MAIN();
