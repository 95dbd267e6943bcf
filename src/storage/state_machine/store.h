// The StateMachine over an engine.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "src/storage/engine/engine.h"
#include "src/storage/lease/lease_table.h"
#include "src/storage/mvcc/pending_writes.h"
#include "src/storage/mvcc/read_memory.h"
#include "src/storage/state_machine/apply_pass.h"
#include "src/storage/state_machine/state_machine.h"
#include "src/storage/state_machine/stored_state.h"

namespace stele::storage {

class Store : public StateMachine {
 public:
  Store(Engine* engine, const StateMachineOptions& options);
  absl::Status Load();

  absl::Status Bootstrap(const std::vector<stelepb::MemberRecord>& members) override;
  absl::Status Apply(const std::vector<raft::Entry>& entries, ApplyOutput* output) override;
  absl::StatusOr<bool> CompactStep() override;
  bool CompactionFinished(std::int64_t revision) const override;
  std::shared_ptr<const ReadView> View() const override;
  raft::Index applied_index() const override { return state_.applied.index; }
  raft::Term applied_term() const override { return state_.applied.term; }
  absl::StatusOr<raft::EntryId> DurableApplied() const override;

 private:
  // Parses and applies one entry; begins a new pass first if the command needs that.
  absl::Status ApplyEntry(const raft::Entry& entry, ApplyOutput* output);
  // A failure is the engine's.
  absl::Status ApplyCommandEntry(const raft::EntryId& id, stelepb::Command* command,
                                 ApplyOutput* output, int* answer_code);
  // A config change: always succeeds.
  void ApplyConfEntry(const raft::Entry& entry, ApplyOutput* output);
  absl::Status ApplyCommand(raft::Term term, stelepb::Command* command, ApplyOutput* output,
                            CommandResult* result);
  ApplyPass MakePass(ApplyOutput* output);
  void BeginPass(ApplyOutput* output);
  absl::Status CommitPass();
  absl::Status WriteState(WriteBatch* batch);
  void Publish();

  Engine* const engine_;
  const StateMachineOptions options_;

  StoredState state_;
  LeaseTable leases_;
  MemberMap members_;
  AlarmTable alarms_;
  std::shared_ptr<const EngineSnapshot> snapshot_;  // the published one
  const std::shared_ptr<ReadMemory> memory_;        // the views' too
  std::unique_ptr<WriteBatch> batch_;
  std::unique_ptr<PendingWrites> writes_;  // null outside Apply

  mutable std::mutex view_mutex_;
  std::shared_ptr<const ReadView> view_;  // guarded by view_mutex_
};

}  // namespace stele::storage
