#include "tests/raft/test_node.h"

#include <utility>

#include "src/raft/check.h"

namespace stele::raft {
namespace {

void MoveTo(std::vector<Message>* out, std::vector<Message> messages) {
  for (Message& message : messages) out->push_back(std::move(message));
}

}  // namespace

TestNode::TestNode(const Config& config, const ConfState& conf_state, RawNode::Random random,
                   TraceSink* trace)
    : config_(config),
      log_(SnapshotMeta{{}, conf_state}),
      random_(std::move(random)),
      trace_(trace) {
  config_.check_invariants = true;
  Restart();
}

std::vector<ReadState> TestNode::TakeReadStates() { return std::exchange(read_states_, {}); }

void TestNode::Take(std::vector<Message>* out) {
  STELE_CHECK(!taken_.has_value());
  taken_ = raw_->TakeReady();
  MoveTo(out, std::exchange(taken_->messages, {}));
  for (const ReadState& read : taken_->read_states) read_states_.push_back(read);
}

void TestNode::Persist(std::vector<Message>* out) {
  Ready ready = std::move(*taken_);
  taken_.reset();
  const bool has_work = ready.snapshot.has_value() || !ready.entries.empty();
  STELE_CHECK_IMPLIES(has_work, ready.must_sync);
  if (ready.snapshot.has_value()) {
    log_.InstallSnapshot(*ready.snapshot);
    applied_index_ = ready.snapshot->last.index;
  }
  log_.Append(ready.entries);
  if (ready.hard_state.has_value()) log_.SetHardState(*ready.hard_state);
  raw_->OnPersisted(ready.number);
  MoveTo(out, std::move(ready.messages_after_persist));
  Apply(ready.committed_entries);
}

void TestNode::RunReady(std::vector<Message>* out) {
  Take(out);
  Persist(out);
}

void TestNode::Apply(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    STELE_CHECK(entry.id.index == applied_index_.Next());
    STELE_CHECK(entry.id.index <= log_.last_index());
    applied_index_ = entry.id.index;
    applied_.push_back(entry);
  }
  if (!hold_apply_) raw_->OnApplied(applied_index_);
}

void TestNode::HoldApply(bool hold) {
  hold_apply_ = hold;
  if (!hold) raw_->OnApplied(applied_index_);
}

void TestNode::Crash() {
  raw_.reset();
  taken_.reset();
  read_states_.clear();
}

void TestNode::Restart() {
  Crash();
  applied_.clear();
  applied_index_ = log_.first_index().Previous();
  raw_ = std::make_unique<RawNode>(config_, log_, log_.hard_state(), log_.base_conf_state(),
                                   applied_index_, random_, trace_);
}

}  // namespace stele::raft
