#include "src/storage/state_machine/store.h"

#include <span>
#include <string>
#include <utility>

#include "src/raft/check.h"
#include "src/raft/conf_change.h"
#include "src/storage/deep_message.h"
#include "src/storage/membership/member_table.h"
#include "src/storage/mutation.h"
#include "src/storage/mvcc/meta_keys.h"
#include "src/storage/state_machine/snapshot_view.h"
#include "src/storage/state_machine/state_digest.h"
#include "src/storage/state_machine/txn.h"

namespace stele::storage {

absl::StatusOr<std::unique_ptr<StateMachine>> StateMachine::Open(
    Engine* engine, const StateMachineOptions& options) {
  auto store = std::make_unique<Store>(engine, options);
  absl::Status status = store->Load();
  if (!status.ok()) return status;
  return std::unique_ptr<StateMachine>(std::move(store));
}

Store::Store(Engine* engine, const StateMachineOptions& options)
    : engine_(engine),
      options_(options),
      memory_(std::make_shared<ReadMemory>(options.meta_cache_bytes, options.value_cache_bytes,
                                           options.key_counts, options.empty_spans)),
      batch_(engine->NewBatch()) {}

absl::Status Store::Load() {
  const std::shared_ptr<const EngineSnapshot> snapshot = engine_->Snapshot();
  absl::StatusOr<std::optional<std::string>> bytes = snapshot->Get(Family::kMeta, kStateKey);
  if (!bytes.ok()) return bytes.status();
  if (*bytes) {
    absl::StatusOr<StoredState> state = DecodeStoredState(**bytes);
    if (!state.ok()) return state.status();
    state_ = *state;
  }
  absl::Status opened = absl::OkStatus();
  if (!Planted(Mutation::kLeasesNotLoaded)) opened = leases_.Open(*snapshot);
  if (!opened.ok()) return opened;
  opened = alarms_.Open(*snapshot);
  if (!opened.ok()) return opened;
  absl::StatusOr<std::vector<stelepb::MemberRecord>> members = ReadMembers(*snapshot);
  if (!members.ok()) return members.status();
  for (stelepb::MemberRecord& member : *members) {
    const std::uint64_t id = member.id();
    members_.emplace(id, std::move(member));
  }
  memory_->metas.set_revision(state_.current_revision);
  memory_->counts.Record({}, state_.current_revision);
  memory_->empty_spans.Record({}, state_.current_revision);
  Publish();
  return absl::OkStatus();
}

absl::Status Store::Bootstrap(const std::vector<stelepb::MemberRecord>& members) {
  if (!members_.empty() || state_.applied.index.value != 0) return absl::OkStatus();
  batch_->Clear();
  for (const stelepb::MemberRecord& member : members) {
    const bool inserted = members_.emplace(member.id(), member).second;
    STELE_CHECK(inserted);
    WriteMember(member, batch_.get());
    WriteFounder(member, batch_.get());
  }
  absl::Status written = WriteState(batch_.get());
  if (written.ok()) Publish();
  return written;
}

absl::Status Store::Apply(const std::vector<raft::Entry>& entries, ApplyOutput* output) {
  STELE_CHECK(writes_ == nullptr);
  BeginPass(output);
  for (const raft::Entry& entry : entries) {
    absl::Status status = ApplyEntry(entry, output);
    if (!status.ok()) return status;
  }
  absl::Status committed = CommitPass();
  if (!committed.ok()) return committed;
  output->applied_index = state_.applied.index;
  output->current_revision = state_.current_revision;
  output->compact_revision = state_.compact_revision;
  return absl::OkStatus();
}

ApplyPass Store::MakePass(ApplyOutput* output) {
  return {state_, *writes_, leases_, members_, alarms_, *batch_, *output};
}

void Store::BeginPass(ApplyOutput* output) {
  batch_->Clear();
  writes_ = std::make_unique<PendingWrites>(snapshot_, memory_.get(), state_.current_revision,
                                            &output->events, batch_.get());
}

absl::Status Store::CommitPass() {
  STELE_CHECK(!writes_->HasDraft());
  writes_->RememberChanges();
  const std::span<const EventBatch> events = writes_->KeptEvents();
  writes_.reset();
  if (Planted(Mutation::kStateApart) && engine_->Write(batch_.get()).ok()) batch_->Clear();
  absl::Status written = WriteState(batch_.get());
  if (!written.ok()) return written;
  memory_->counts.Record(events, state_.current_revision);
  memory_->empty_spans.Record(events, state_.current_revision);
  Publish();
  return absl::OkStatus();
}

absl::Status Store::ApplyEntry(const raft::Entry& entry, ApplyOutput* output) {
  STELE_CHECK(entry.id.index == state_.applied.index.Next());
  STELE_CHECK(entry.id.term >= state_.applied.term);
  const std::size_t events_before = output->events.size();
  const std::size_t lease_changes_before = output->lease_changes.size();
  const bool members_changed_before = std::exchange(output->members_changed, false);
  const bool alarms_changed_before = std::exchange(output->alarms_changed, false);
  EntryEffects effects;
  effects.id = entry.id;

  stelepb::Command command;
  if (entry.type == raft::EntryType::kConfChange) {
    ApplyConfEntry(entry, output);
  } else if (!entry.data.empty()) {
    // What we cannot read was written by a newer program: guessing would make members differ.
    const std::string_view bytes = entry.data.view();
    const bool command_is_known = ParseDeepMessage(bytes, kCommandDepthMax, &command) &&
                                  command.operation_case() != stelepb::Command::OPERATION_NOT_SET;
    STELE_CHECK(command_is_known);
    absl::Status failure = ApplyCommandEntry(entry.id, &command, output, &effects.answer_code);
    if (!failure.ok()) return failure;
  }

  effects.current_revision = state_.current_revision;
  effects.events = std::span(output->events).subspan(events_before);
  effects.lease_changes = std::span(output->lease_changes).subspan(lease_changes_before);
  std::string members;
  if (output->members_changed) {
    for (const auto& [id, member] : members_) members += member.SerializeAsString();
    effects.members = members;
  }
  output->members_changed |= members_changed_before;
  const std::string alarms = output->alarms_changed ? alarms_.Serialised() : std::string();
  effects.alarms = alarms;
  output->alarms_changed |= alarms_changed_before;
  state_.digest = Extend(state_.digest, effects);
  state_.applied = entry.id;
  if (command.has_state_check()) output->state_checks.push_back({entry.id.index, state_.digest});
  return absl::OkStatus();
}

absl::Status Store::ApplyCommandEntry(const raft::EntryId& id, stelepb::Command* command,
                                      ApplyOutput* output, int* answer_code) {
  // History is read from the pass's snapshot, so that has to reach up to the current revision.
  if (command->has_txn() && !writes_->IsEmpty() && HasRangeAtRevision(command->txn())) {
    absl::Status committed = CommitPass();
    if (!committed.ok()) return committed;
    BeginPass(output);
  }
  CommandResult result;
  result.request_id = command->request_id();
  result.status = RefusedByAlarm(alarms_, *command);
  if (result.status.ok()) {
    result.status = ApplyCommand(id.term, command, output, &result);
    if (IsEngineFailure(result.status)) return result.status;
  }
  if (result.status.ok() || Planted(Mutation::kFailedTxnKept)) {
    writes_->Keep();
  } else {
    writes_->Drop();
    result.response = std::monostate();
  }
  state_.current_revision = writes_->current_revision();
  result.revision = state_.current_revision;
  *answer_code = static_cast<int>(result.status.code());
  std::visit(
      [&](auto& response) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(response)>, std::monostate>) {
          response.mutable_header()->set_revision(state_.current_revision);
        }
      },
      result.response);
  if (result.request_id != 0) output->results.push_back(std::move(result));
  return absl::OkStatus();
}

void Store::ApplyConfEntry(const raft::Entry& entry, ApplyOutput* output) {
  const std::string_view bytes = entry.data.view();
  const std::optional<raft::ConfState> conf = raft::DecodeConfState(bytes);
  if (!conf) return;  // the core lets none pass
  stelepb::Command change;
  const std::string_view context = *raft::DecodeConfContext(bytes);
  const bool is_known = change.ParseFromArray(context.data(), static_cast<int>(context.size()));
  if (!is_known) change.Clear();
  ApplyPass pass = MakePass(output);
  ApplyConf(pass, *conf, change);
  if (change.request_id() == 0) return;
  CommandResult result;
  result.request_id = change.request_id();
  result.revision = state_.current_revision;
  output->results.push_back(std::move(result));
}

absl::Status Store::ApplyCommand(raft::Term term, stelepb::Command* command, ApplyOutput* output,
                                 CommandResult* result) {
  ApplyPass pass = MakePass(output);
  switch (command->operation_case()) {
    case stelepb::Command::kPut:
      return ApplyPut(pass, PutPlace::kAlone, command->mutable_put(),
                      &result->response.emplace<etcdserverpb::PutResponse>());
    case stelepb::Command::kDeleteRange:
      return ApplyDeleteRange(pass, command->delete_range(),
                              &result->response.emplace<etcdserverpb::DeleteRangeResponse>());
    case stelepb::Command::kTxn:
      return ApplyTxn(pass, command->mutable_txn(),
                      &result->response.emplace<etcdserverpb::TxnResponse>());
    case stelepb::Command::kCompact:
      result->response.emplace<etcdserverpb::CompactionResponse>();
      return ApplyCompact(pass, command->compact());
    case stelepb::Command::kLeaseGrant:
      return ApplyLeaseGrant(pass, command->lease_grant(),
                             &result->response.emplace<etcdserverpb::LeaseGrantResponse>());
    case stelepb::Command::kLeaseRevoke:
      result->response.emplace<etcdserverpb::LeaseRevokeResponse>();
      return ApplyLeaseRevoke(pass, term, command->lease_revoke());
    case stelepb::Command::kMemberAttributes:
      return ApplyMemberAttributes(pass, command->member_attributes());
    case stelepb::Command::kMemberUpdate:
      return ApplyMemberUpdate(pass, command->member_update());
    case stelepb::Command::kMemberAdd:
    case stelepb::Command::kMemberRemove:
    case stelepb::Command::kMemberPromote:
    case stelepb::Command::kMemberReplace:
      return absl::InvalidArgumentError("a change of the members without its config");
    case stelepb::Command::kAlarm:
      ApplyAlarm(pass, command->alarm(), &result->response.emplace<etcdserverpb::AlarmResponse>());
      return absl::OkStatus();
    case stelepb::Command::kStateCheck:
      return absl::OkStatus();
    case stelepb::Command::OPERATION_NOT_SET:
      break;
  }
  STELE_CHECK(false);
}

absl::Status Store::WriteState(WriteBatch* batch) {
  STELE_CHECK(state_.compact_revision <= state_.current_revision);
  batch->Put(Family::kMeta, kStateKey, EncodeStoredState(state_));
  return engine_->Write(batch);
}

void Store::Publish() {
  snapshot_ = engine_->Snapshot();
  std::shared_ptr<const ReadView> view = MakeSnapshotView(snapshot_, state_, memory_);
  const std::lock_guard<std::mutex> lock(view_mutex_);
  view_.swap(view);  // the old view goes after the lock, if nobody reads it
}

absl::StatusOr<bool> Store::CompactStep() {
  STELE_CHECK(writes_ == nullptr);
  if (CompactionFinished(state_.compact_revision)) return false;
  batch_->Clear();
  absl::Status status = CompactSome(*snapshot_, state_.compact_revision, options_.compaction_batch,
                                    &state_.compaction, batch_.get());
  if (status.ok()) status = WriteState(batch_.get());
  if (!status.ok()) return status;
  Publish();
  return !CompactionFinished(state_.compact_revision);
}

bool Store::CompactionFinished(std::int64_t revision) const {
  return state_.compaction.finished >= revision;
}

std::shared_ptr<const ReadView> Store::View() const {
  const std::lock_guard<std::mutex> lock(view_mutex_);
  return view_;
}

absl::StatusOr<raft::EntryId> Store::DurableApplied() const {
  absl::StatusOr<std::optional<std::string>> bytes = engine_->DurableMeta(kStateKey);
  if (!bytes.ok()) return bytes.status();
  if (!*bytes) return raft::EntryId{};
  absl::StatusOr<StoredState> state = DecodeStoredState(**bytes);
  if (!state.ok()) return state.status();
  return state->applied;
}

}  // namespace stele::storage
