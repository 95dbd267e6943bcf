#include "src/raft/raw_node.h"

#include <utility>

#include "src/raft/core.h"

namespace stele::raft {

RawNode::RawNode(const Config& config, const LogReader& log, const HardState& hard_state,
                 const ConfState& conf_state, Index applied_index, Random random, TraceSink* trace)
    : core_(std::make_unique<Core>(config, log, hard_state, conf_state, applied_index,
                                   std::move(random), trace)) {}

RawNode::~RawNode() = default;

void RawNode::Tick() {
  core_->Tick();
  core_->CheckStep();
}

void RawNode::Step(Message message) {
  core_->Step(std::move(message));
  core_->CheckStep();
}

ProposeResult RawNode::Propose(Payload data) {
  const ProposeResult result = core_->Propose(std::move(data));
  core_->CheckStep();
  return result;
}

ProposeResult RawNode::ProposeConfState(const ConfState& next, std::string_view context) {
  const ProposeResult result = core_->ProposeConfState(next, context);
  core_->CheckStep();
  return result;
}

ProposeResult RawNode::ReadIndex(std::uint64_t request_id) { return core_->ReadIndex(request_id); }

void RawNode::Campaign() {
  core_->Campaign();
  core_->CheckStep();
}

void RawNode::TransferLeader(NodeId target) {
  core_->TransferLeader(target);
  core_->CheckStep();
}

void RawNode::ReportUnreachable(NodeId peer) { core_->ReportUnreachable(peer); }

void RawNode::ReportSnapshot(NodeId peer, bool installed) {
  core_->ReportSnapshot(peer, installed);
}

bool RawNode::HasReady() const { return core_->HasReady(); }

Ready RawNode::TakeReady() {
  Ready ready = core_->TakeReady();
  core_->CheckStep();
  return ready;
}

void RawNode::OnPersisted(std::uint64_t ready_number) {
  core_->OnPersisted(ready_number);
  core_->CheckStep();
}

void RawNode::OnApplied(Index applied_index) {
  core_->OnApplied(applied_index);
  core_->CheckStep();
}

Status RawNode::GetStatus() const { return core_->GetStatus(); }
const ConfState& RawNode::ConfStateAt(Index index) const { return core_->ConfStateAt(index); }
bool RawNode::IsLeader() const { return core_->IsLeader(); }
NodeId RawNode::leader() const { return core_->leader(); }
Term RawNode::term() const { return core_->term(); }
Index RawNode::commit_index() const { return core_->commit_index(); }

}  // namespace stele::raft
