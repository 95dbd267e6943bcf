// What the appliers of the single commands work on during one apply pass.
#pragma once

#include <cstdint>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "proto/command.pb.h"
#include "src/raft/types.h"
#include "src/storage/alarm/alarm_table.h"
#include "src/storage/lease/lease_table.h"
#include "src/storage/mvcc/pending_writes.h"
#include "src/storage/state_machine/state_machine.h"
#include "src/storage/state_machine/stored_state.h"

namespace stele::storage {

using MemberMap = absl::btree_map<std::uint64_t, stelepb::MemberRecord>;

struct ApplyPass {
  StoredState& state;  // the revisions in it lag behind `writes` until the command is done
  PendingWrites& writes;
  LeaseTable& leases;
  MemberMap& members;
  AlarmTable& alarms;
  WriteBatch& batch;
  ApplyOutput& output;
};

// A status is the command's answer, or the engine's failure (IsEngineFailure), which ends the
// process. Answers with an error leave no draft behind only after writes.Drop().
//
// The requests are taken apart: keys and values are moved out of them.
//
// A put that is wrong twice, its key and its lease missing, is refused for the lease when it stands
// alone and for the key in a transaction: etcd's order.
enum class PutPlace { kAlone, kInTxn };
absl::Status ApplyPut(ApplyPass& pass, PutPlace place, etcdserverpb::PutRequest* request,
                      etcdserverpb::PutResponse* response);
absl::Status ApplyDeleteRange(ApplyPass& pass, const etcdserverpb::DeleteRangeRequest& request,
                              etcdserverpb::DeleteRangeResponse* response);
absl::Status ApplyTxn(ApplyPass& pass, etcdserverpb::TxnRequest* request,
                      etcdserverpb::TxnResponse* response);
absl::Status ApplyCompact(ApplyPass& pass, const etcdserverpb::CompactionRequest& request);
absl::Status ApplyLeaseGrant(ApplyPass& pass, const stelepb::LeaseGrant& grant,
                             etcdserverpb::LeaseGrantResponse* response);
absl::Status ApplyLeaseRevoke(ApplyPass& pass, raft::Term entry_term,
                              const stelepb::LeaseRevoke& revoke);
absl::Status ApplyMemberAttributes(ApplyPass& pass, const stelepb::MemberAttributes& attributes);
absl::Status ApplyMemberUpdate(ApplyPass& pass, const stelepb::MemberUpdate& update);
void ApplyAlarm(ApplyPass& pass, const etcdserverpb::AlarmRequest& request,
                etcdserverpb::AlarmResponse* response);
// The answer to a command that must not be applied while an alarm is raised; ok otherwise.
absl::Status RefusedByAlarm(const AlarmTable& alarms, const stelepb::Command& command);
// Makes the member table say what `conf` says. `change` came with it and names what a config does
// not: the record of a new member. It may be empty.
void ApplyConf(ApplyPass& pass, const raft::ConfState& conf, const stelepb::Command& change);

// Errors of the engine carry no code that a command answers with.
bool IsEngineFailure(const absl::Status& status);

}  // namespace stele::storage
