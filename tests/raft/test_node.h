// One node with its durable log and its applied entries: performs the duties of a Ready in the
// order that ready.h asks for, in two steps so that tests can crash it between them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "src/raft/raw_node.h"
#include "src/raft/trace.h"
#include "tests/raft/memory_log.h"

namespace stele::raft {

class TestNode {
 public:
  // Starts at once. `random` is shared by all lives of the node.
  TestNode(const Config& config, const ConfState& conf_state, RawNode::Random random,
           TraceSink* trace);

  bool IsUp() const { return raw_ != nullptr; }
  RawNode& raw() { return *raw_; }
  const RawNode& raw() const { return *raw_; }
  MemoryLog& log() { return log_; }
  const MemoryLog& log() const { return log_; }
  NodeId id() const { return config_.id; }
  Config& config() { return config_; }  // takes effect at the next start

  // Everything applied in this life, in order; gaps are snapshots.
  const std::vector<Entry>& applied() const { return applied_; }
  std::vector<ReadState> TakeReadStates();

  bool HasTaken() const { return taken_.has_value(); }
  // Takes a Ready; its early messages go to `out`.
  void Take(std::vector<Message>* out);
  // Persists what was taken; its late messages go to `out`. Applies unless `hold_apply` was set.
  void Persist(std::vector<Message>* out);
  void RunReady(std::vector<Message>* out);
  void HoldApply(bool hold);

  void Crash();  // forgets whatever is not in log()
  void Restart();

 private:
  void Apply(const std::vector<Entry>& entries);

  Config config_;
  MemoryLog log_;
  RawNode::Random random_;
  TraceSink* trace_;
  std::unique_ptr<RawNode> raw_;
  std::optional<Ready> taken_;
  std::vector<Entry> applied_;
  Index applied_index_;
  bool hold_apply_ = false;
  std::vector<ReadState> read_states_;
};

}  // namespace stele::raft
