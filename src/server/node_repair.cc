// The node's way through damage (docs/repair.md): what it remembers of itself, what the others
// remember of it, and how it has itself replaced.
#include <sys/random.h>

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "proto/peer.pb.h"
#include "spdlog/spdlog.h"
#include "src/raft/check.h"
#include "src/server/admission.h"
#include "src/server/api/errors.h"
#include "src/server/boot_record.h"
#include "src/server/membership/fetch_members.h"
#include "src/server/node.h"
#include "src/server/node_parts.h"
#include "src/server/replace_self.h"

namespace stele::server {
namespace {

// How long a member that starts waits for answers beyond those of a majority.
constexpr absl::Duration kAdmissionPatience = absl::Milliseconds(500);
constexpr absl::Duration kFetchTimeout = absl::Seconds(5);

std::uint64_t RandomId() {
  std::uint64_t id = 0;
  while (id == 0) STELE_CHECK(getrandom(&id, sizeof(id), 0) == sizeof(id));
  return id;
}

void SetMembers(const std::vector<stelepb::MemberRecord>& members,
                google::protobuf::RepeatedPtrField<stelepb::MemberRecord>* out) {
  out->Assign(members.begin(), members.end());
}

// Who could help.
bool HasOthers(const stelepb::BootRecord& record) {
  return std::any_of(record.members().begin(), record.members().end(), [&](const auto& member) {
    return member.id() != record.member_id() && member.peer_urls_size() > 0;
  });
}

}  // namespace

// The log and the store as they were left. kDataLoss: something is damaged.
absl::Status Node::Recover() {
  log_.reset();
  store_.reset();
  absl::Status status = OpenBoot();
  if (status.ok()) status = data_dir_->HasLog() ? OpenLog() : Bootstrap();
  if (status.ok()) status = CheckBoot();
  if (status.ok()) status = OpenStore();
  if (status.ok()) status = CheckCluster();
  if (status.ok()) status = CheckNotRemoved();
  if (status.ok()) status = WriteBoot();
  return status;
}

absl::Status Node::OpenBoot() {
  boot_.Clear();
  absl::StatusOr<std::optional<stelepb::BootRecord>> boot =
      ReadBootRecord(&file_system_, data_dir_->member());
  if (!boot.ok()) return boot.status();
  if (boot->has_value()) {
    boot_ = **std::move(boot);
    if (boot_.has_repair() && !boot_.repair().replaced()) {
      return absl::DataLossError(boot_.repair().cause());
    }
    if (boot_.log_segment() != 0 && !data_dir_->HasLog()) {
      return absl::DataLossError(fmt::format("{}: the log is gone", data_dir_->wal()));
    }
  } else if (data_dir_->HasLog()) {
    return absl::DataLossError(
        fmt::format("{}/boot: is gone, but there is a log", data_dir_->member()));
  } else if (file_system_.Exists(data_dir_->store())) {
    return absl::DataLossError(
        fmt::format("{}: there is a store, but no log", data_dir_->member()));
  }
  return absl::OkStatus();
}

// Before the log is made: a crash must not leave a log that looks like one whose boot record is
// lost.
absl::Status Node::FoundBoot() {
  boot_.set_cluster_id(identity_.cluster_id);
  boot_.set_member_id(identity_.self.value);
  SetMembers(bootstrap_members_, boot_.mutable_members());
  SetMembers(bootstrap_members_, boot_.mutable_founders());
  return WriteBootRecord(&file_system_, data_dir_->member(), boot_);
}

// The log fits what the boot record says of it.
absl::Status Node::CheckBoot() const {
  if (boot_.cluster_id() != identity_.cluster_id || boot_.member_id() != identity_.self.value) {
    return absl::DataLossError(fmt::format(
        "{}: is that of member {:x} of cluster {:x}, but the boot record that of member {:x} of "
        "cluster {:x}",
        data_dir_->wal(), identity_.self.value, identity_.cluster_id, boot_.member_id(),
        boot_.cluster_id()));
  }
  const storage::LogEnd known{boot_.log_segment(), boot_.log_offset()};
  if (log_->end() < known) {
    return absl::DataLossError(fmt::format(
        "{}: ends in segment {} at byte {}, but it had reached segment {}, byte {}",
        data_dir_->wal(), log_->end().segment, log_->end().offset, known.segment, known.offset));
  }
  return absl::OkStatus();
}

// This start counts from here on.
absl::Status Node::WriteBoot() {
  const std::vector<stelepb::MemberRecord> members = store_->View()->Members();
  for (const stelepb::MemberRecord& member : members) {
    if (member.id() == identity_.self.value && member.boot_epoch() > boot_.epoch()) {
      return absl::DataLossError(fmt::format("{}/boot: knows of start {}, the store of start {}",
                                             data_dir_->member(), boot_.epoch(),
                                             member.boot_epoch()));
    }
  }
  boot_.set_epoch(boot_.epoch() + 1);
  // A member that has not caught up knows less than what it was told when it joined.
  const bool has_self = std::any_of(members.begin(), members.end(), [this](const auto& member) {
    return member.id() == identity_.self.value;
  });
  if (has_self) SetMembers(members, boot_.mutable_members());
  return NoteLogEnd(log_->end());
}

absl::Status Node::NoteLogEnd(const storage::LogEnd& end) {
  boot_.set_log_segment(end.segment);
  boot_.set_log_offset(end.offset);
  return WriteBootRecord(&file_system_, data_dir_->member(), boot_);
}

// After a clean stop the log ends exactly there.
void Node::NoteStop(const storage::LogEnd& end) {
  const std::lock_guard lock(boot_mutex_);
  if (absl::Status status = NoteLogEnd(end); !status.ok()) {
    spdlog::error("the boot record could not be written: {}", std::string(status.message()));
  }
}

// Keeps the way to the others up to date. On the apply thread, or before it runs.
void Node::NoteMembers(const std::vector<stelepb::MemberRecord>& members) {
  if (!raft_runs_) return;
  const std::lock_guard lock(boot_mutex_);
  SetMembers(members, boot_.mutable_members());
  absl::Status status = WriteBootRecord(&file_system_, data_dir_->member(), boot_);
  if (!status.ok()) FailStop(status);
}

// A member that has not caught up finds the others by what it was told.
void Node::AnnounceOthers() {
  for (const PeerAddress& peer : joined_through_) transport_->Announce(peer);
  if (!boot_.has_repair()) return;
  for (const stelepb::MemberRecord& member : boot_.members()) {
    if (member.id() == identity_.self.value) continue;
    transport_->Announce(
        {{member.id()}, HostPorts({member.peer_urls().begin(), member.peer_urls().end()})});
  }
}

// Before this member promises anything in this life.
absl::Status Node::SeekAdmissionOfOthers(const std::function<bool()>& give_up) {
  const raft::ConfState& conf = conf_at_start_;
  std::vector<raft::NodeId> voters = conf.voters;
  voters.insert(voters.end(), conf.voters_outgoing.begin(), conf.voters_outgoing.end());
  std::sort(voters.begin(), voters.end());
  voters.erase(std::unique(voters.begin(), voters.end()), voters.end());
  Admission admission({identity_.self, boot_.epoch(), {raft_loop_->facts().last_index.load()}},
                      std::move(voters), clock_.Now(), kAdmissionPatience);
  stelepb::AdmissionQuestion question;
  question.set_cluster_id(identity_.cluster_id);
  question.set_member_id(identity_.self.value);
  question.set_epoch(boot_.epoch());
  question.set_start_id(RandomId());
  const AskForAdmission ask = [this, question](raft::NodeId peer, auto done) {
    transport_->AskAdmission(peer, question, std::move(done));
  };
  const auto stop_asking = [&] { return removed_ || give_up(); };
  switch (SeekAdmission(&admission, clock_, ask, stop_asking)) {
    case Admission::Verdict::kAdmitted:
      return absl::OkStatus();
    case Admission::Verdict::kWait:
      return removed_ ? FindFormerSelf() : absl::CancelledError("asked to stop");
    case Admission::Verdict::kDamaged:
      return absl::DataLossError(
          fmt::format("data directory {}: {}", options_.data_dir, admission.cause()));
  }
  STELE_CHECK(false);
}

// The others say that this member was removed. If its directory is new, that is the founder with
// its URLs; since then another member may have had them, whose data is what is missing here.
absl::Status Node::FindFormerSelf() {
  const bool is_new = boot_.epoch() == 1 && raft_loop_->facts().last_index == 0;
  std::vector<std::string> others;
  for (const stelepb::MemberRecord& member : boot_.members()) {
    if (member.id() == identity_.self.value) continue;
    others.insert(others.end(), member.peer_urls().begin(), member.peer_urls().end());
  }
  if (!is_new || others.empty()) return MemberRemovedError();
  const absl::StatusOr<stelepb::MemberList> cluster =
      FetchMembers(HostPorts(others), kFetchTimeout);
  if (!cluster.ok()) return MemberRemovedError();
  const std::vector<std::string>& own = options_.initial_advertise_peer_urls;
  for (const stelepb::MemberRecord& member : cluster->members()) {
    if (!std::is_permutation(member.peer_urls().begin(), member.peer_urls().end(), own.begin(),
                             own.end())) {
      continue;
    }
    boot_.set_member_id(member.id());
    *boot_.mutable_members() = cluster->members();
    return absl::DataLossError(
        fmt::format("data directory {}: is empty, but member {:x} has been here before",
                    options_.data_dir, member.id()));
  }
  return MemberRemovedError();
}

void Node::EnterQuarantine(const absl::Status& damage) {
  {
    const std::lock_guard lock(boot_mutex_);
    if (quarantined_) return;
    starts_over_ = true;  // before anybody can fail because of it
    if (absl::Status status = NoteDamage(damage); !status.ok()) FailStop(status);
    quarantined_ = true;
  }
  StartOver(fmt::format("quarantine: starting over: {}", std::string(damage.message())));
}

void Node::StartOver(const std::string& why) {
  starts_over_ = true;
  spdlog::critical("{}", why);
  if (start_over_) start_over_();
}

// Writes down that this member must be replaced; from then on every start goes on with that.
absl::Status Node::NoteDamage(const absl::Status& damage) {
  if (boot_.has_repair() && !boot_.repair().replaced()) return absl::OkStatus();
  if (boot_.member_id() == 0) GuessIdentity();
  if (!HasOthers(boot_)) {
    return absl::Status(damage.code(),
                        fmt::format("{}; no other member is known that could repair this one: "
                                    "restore a backup",
                                    std::string(damage.message())));
  }
  boot_.mutable_repair()->set_cause(std::string(damage.message()));
  boot_.mutable_repair()->set_successor_id(RandomId());
  boot_.mutable_repair()->set_replaced(false);
  return WriteBootRecord(&file_system_, data_dir_->member(), boot_);
}

// Without a boot record: who this is by its log, or else by its flags.
void Node::GuessIdentity() {
  const BootstrapPlan plan = PlanBootstrap(options_);
  PeerIdentity identity = plan.identity;
  const auto log = storage::LogStore::Open(&file_system_, data_dir_->wal(), LogOptions());
  if (log.ok()) {
    identity = {(*log)->identity().cluster_id, raft::NodeId{(*log)->identity().member_id}};
  }
  boot_.set_cluster_id(identity.cluster_id);
  boot_.set_member_id(identity.self.value);
  SetMembers(plan.members, boot_.mutable_members());
  // The flags know this member by the id that it had as a founder.
  for (stelepb::MemberRecord& member : *boot_.mutable_members()) {
    if (member.id() == plan.identity.self.value) member.set_id(identity.self.value);
  }
}

// Gets itself replaced, and makes this directory that of the successor.
absl::Status Node::Heal(const absl::Status& damage, const std::function<bool()>& give_up) {
  log_.reset();
  store_.reset();
  if (absl::Status status = NoteDamage(damage); !status.ok()) return status;
  spdlog::error("quarantine: {}", boot_.repair().cause());
  absl::StatusOr<JoinPlan> plan = ReplaceSelf(boot_, give_up);
  if (!plan.ok()) return plan.status();
  spdlog::info("quarantine: member {:x} takes the place of {:x}", plan->identity.self.value,
               boot_.member_id());
  return BecomeSuccessor(*plan);
}

// Repeated as a whole after a crash: until the boot record is the successor's, the successor has
// not promised anything.
absl::Status Node::BecomeSuccessor(const JoinPlan& plan) {
  const std::string aside = data_dir_->damaged();
  absl::Status status = file_system_.RemoveTree(aside);
  if (status.ok()) status = file_system_.CreateDir(aside);
  for (const std::string& dir : {data_dir_->wal(), data_dir_->store()}) {
    if (status.ok() && file_system_.Exists(dir)) {
      status = file_system_.Rename(dir, aside + dir.substr(dir.rfind('/')));
    }
  }
  if (status.ok()) status = file_system_.SyncDir(data_dir_->member());
  if (!status.ok()) return status;
  auto log = storage::LogStore::Create(&file_system_, data_dir_->wal(),
                                       {plan.identity.cluster_id, plan.identity.self.value},
                                       {raft::EntryId{}, plan.conf_state}, LogOptions());
  if (!log.ok()) return log.status();
  boot_.set_cluster_id(plan.identity.cluster_id);
  boot_.set_member_id(plan.identity.self.value);
  boot_.set_epoch(0);
  boot_.mutable_repair()->set_replaced(true);
  SetMembers(plan.members, boot_.mutable_members());
  SetMembers(plan.founders, boot_.mutable_founders());
  return NoteLogEnd((*log)->end());
}

void Node::MakeScrub() {
  Scrub::Options options;
  options.interval = absl::Seconds(options_.scrub_interval_s);
  options.log_dir = data_dir_->wal();
  options.store_files = [this] { return store_->Files(); };
  options.damaged = [this](const absl::Status& damage) { EnterQuarantine(damage); };
  scrub_ = std::make_unique<Scrub>(std::move(options), &file_system_, &clock_);
}

void Node::MakeStateWatch() {
  StateWatch::Surroundings around;
  around.self = identity_.self;
  around.cluster_id = identity_.cluster_id;
  around.facts = &raft_loop_->facts();
  around.applied_index = [this] { return apply_loop_->applied_index(); };
  around.voters = [this] {
    std::vector<raft::NodeId> voters;
    for (const stelepb::MemberRecord& member : store_->View()->Members()) {
      if (!member.is_learner()) voters.push_back({member.id()});
    }
    return voters;
  };
  around.propose_check = [this] {
    stelepb::Command command;
    command.mutable_state_check();
    // Lost, it is followed by another.
    proposals_->Propose(&command, [](const storage::CommandResult&) {});
  };
  around.report = [this](raft::NodeId leader, const stelepb::StateReport& report,
                         StateWatch::Done done) {
    transport_->ReportState(leader, report, std::move(done));
  };
  around.differs = [this](const absl::Status& status) { EnterQuarantine(status); };
  state_watch_ = std::make_unique<StateWatch>(peer_loop_.get(), std::move(around));
}

// This member has caught up and votes again.
absl::Status Node::ConcludeRepair() {
  const std::lock_guard lock(boot_mutex_);
  if (!boot_.has_repair()) return absl::OkStatus();
  spdlog::info("quarantine is over: this member has all that the cluster has");
  boot_.clear_repair();
  absl::Status status = WriteBootRecord(&file_system_, data_dir_->member(), boot_);
  if (status.ok()) status = file_system_.RemoveTree(data_dir_->damaged());
  return status;
}

}  // namespace stele::server
