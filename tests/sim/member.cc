#include "tests/sim/member.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/raft/conf_change.h"
#include "src/raft/describe.h"

namespace stele::sim {
namespace {

constexpr char kLogDir[] = "/log";
constexpr std::uint64_t kClusterId = 7;
constexpr Micros kWakeUp = 20;  // from a post to the thread that takes it
constexpr std::int64_t kMillion = 1'000'000;
constexpr Micros kWrapOfMillis = (std::int64_t{1} << 31U) * kMillisecond;
constexpr Micros kWrapOfNanos = (std::int64_t{1} << 53U) / 1000;

// Clocks count from some start of the machine. Some pass, soon after the run begins, the numbers at
// which milliseconds in 32 bits or nanoseconds in a double would fail.
Micros DrawClockOffset(const Swarm& swarm, RandomStream* random) {
  if (!random->Chance(swarm.start_near_wrap)) return random->Between(0, 1000 * kSecond);
  const Micros wrap = random->Chance(0.5) ? kWrapOfMillis : kWrapOfNanos;
  return wrap - random->Between(0, 20 * kSecond);
}

}  // namespace

Member::Member(raft::NodeId id, Surroundings around)
    : id_(id),
      around_(std::move(around)),
      random_(around_.seed, "member", id.value),
      disk_(around_.seed, id.value, around_.swarm, around_.journal),
      drift_ppm_(around_.swarm->drift_ppm[id.value - 1]),
      clock_offset_(DrawClockOffset(*around_.swarm, &random_)),
      application_(around_.make_application(this)) {}

Member::~Member() {
  disk_.TakeDown();
  if (is_up()) application_->Stop();
}

void Member::Tell(std::string_view line) const {
  around_.journal->Tell(in_pass_ ? disk_.elapsed() : around_.queue->now(), id_.value, line);
}

// --- What the daemon sees of the world -----------------------------------------------------------

absl::Duration Member::Now() const {
  const Micros now = in_pass_ ? disk_.elapsed() : around_.queue->now();
  return absl::Microseconds(clock_offset_ + now + now * drift_ppm_ / kMillion);
}

void Member::Send(std::vector<raft::Message> messages) {
  for (raft::Message& message : messages) {
    around_.history->OnSent(message);
    if (around_.journal->tells()) Tell("send " + raft::Describe(message));
    if (std::holds_alternative<raft::InstallSnapshot>(message.body)) {
      around_.send_snapshot(id_, message.to);
    } else {
      around_.send(std::move(message), disk_.elapsed());
    }
  }
}

void Member::On(raft::NodeId node, const raft::TraceEvent& event) {
  if (around_.journal->tells()) Tell(raft::Describe(event));
  around_.history->OnTrace(node, event);
  if (std::holds_alternative<raft::BecameLeader>(event)) around_.leads(id_);
}

// --- Starting ------------------------------------------------------------------------------------

void Member::Boot() {
  if (retired_) return;
  ++life_;
  in_pass_ = true;
  disk_.Begin(around_.queue->now());
  if (!calm_ && random_.Chance(around_.swarm->recovery_crash)) {
    disk_.CrashAtOperation(1 + random_.Below(15));
  }
  absl::StatusOr<std::unique_ptr<storage::LogStore>> log = OpenLog();
  bool fits = false;
  if (log.ok()) {
    around_.history->OnRecovered(id_, **log);
    fits = application_->Recover(**log);
  }
  disk_.CrashAtOperation(0);
  in_pass_ = false;
  // Also a crash at an operation whose failure nobody minds.
  const bool crashed = disk_.files()->is_down();
  if (!fits || crashed) {
    if (!disk_.has_failed()) {
      throw Violation(
          absl::StrCat("member ", id_.value,
                       log.ok() ? ": its store does not fit its log"
                                : ": refuses its log: " + std::string(log.status().message())));
    }
    around_.journal->Reach(Mark::kCrashInRecovery);
    ran_out_of_space_ |= disk_.last_fault() == DiskFault::kNoSpace;
    return Die(/*in_pass=*/false, random_.Chance(0.5));
  }
  MakeProcess(*std::move(log));
  if (life_ > 1) around_.journal->Reach(Mark::kRestart);
  if (std::exchange(ran_out_of_space_, false)) around_.journal->Reach(Mark::kStartWithoutSpace);
  const raft::ConfState& conf = around_.history->confs().committed();
  const auto first = static_cast<std::uint64_t>(around_.members);
  if (id_.value > first && (*process_->log).last_index().value == 0) {
    around_.journal->Reach(Mark::kJoinerStarted);
  } else if (!raft::IsMember(conf, id_)) {
    around_.journal->Reach(Mark::kRemovedMemberStarted);
  }
  up_since_ = around_.queue->now();
  if (around_.journal->tells()) {
    Tell(absl::StrCat("up: term ", facts().term.load(), ", log up to ", facts().last_index.load(),
                      ", applied ", applied().index.value));
  }
  busy_until_ = disk_.elapsed();
  apply_busy_until_ = busy_until_;
  loop_due_ = kNever;
  ScheduleLoop(busy_until_);
}

absl::StatusOr<std::unique_ptr<storage::LogStore>> Member::OpenLog() {
  storage::LogStoreOptions options;
  options.segment_bytes = around_.swarm->segment_bytes;
  options.zero_ahead_bytes = 1024;
  options.expected_identity = storage::LogIdentity{kClusterId, id_.value};
  options.mutation = around_.bug.mutation;
  if (disk_.files()->Exists(kLogDir)) {
    return storage::LogStore::Open(disk_.files(), kLogDir, options);
  }
  raft::SnapshotMeta bootstrap;
  for (int i = 1; i <= around_.members; ++i) {
    bootstrap.conf_state.voters.push_back(raft::NodeId{static_cast<std::uint64_t>(i)});
  }
  return storage::LogStore::Create(disk_.files(), kLogDir, *options.expected_identity, bootstrap,
                                   options);
}

void Member::MakeProcess(std::unique_ptr<storage::LogStore> log) {
  process_ = std::make_unique<Process>();
  process_->log = log.get();
  process_->proposals =
      std::make_unique<server::Proposals>(server::Proposals::Options{}, this, random_.Next());
  server::Reads::Options reads;
  reads.mutation = around_.bug.mutation;
  process_->reads =
      std::make_unique<server::Reads>(reads, this, [this] { return application_->View(); });
  Application::Process parts;
  parts.proposals = process_->proposals.get();
  parts.reads = process_->reads.get();
  parts.post = [this](server::RaftInput input) { Post(std::move(input)); };
  parts.wake_apply = [this] { ScheduleApply(in_pass_ ? disk_.elapsed() : around_.queue->now()); };
  parts.conf_applied = [this](const raft::ConfState& conf) { OnConfApplied(conf); };
  application_->Start(std::move(parts));
  process_->reads->OnApplied(applied().index);
  MakeLoop(std::move(log));
  process_->loop->set_wake([this] { ScheduleLoop(around_.queue->now() + kWakeUp); });
  process_->reads->set_wakes([this] { Post(server::WakeInput{}); },
                             [this] {
                               InThisLife(std::max(around_.queue->now(), busy_until_) + kWakeUp,
                                          [this] { process_->reads->RunOnce(); });
                             });
  process_->proposals->set_submit([this](std::uint64_t request_id, raft::Payload payload) {
    Post(server::ProposalInput{request_id, std::move(payload)});
  });
}

std::unique_ptr<raft::RawNode> Member::MakeRawNode(const storage::LogStore& log) {
  const Swarm& swarm = *around_.swarm;
  raft::Config config;
  config.id = id_;
  config.heartbeat_interval_ticks = swarm.heartbeat_ticks;
  config.election_timeout_ticks = swarm.election_ticks;
  config.append_bytes_max = swarm.append_bytes;
  config.inflight_appends_max = swarm.inflight_appends;
  config.applying_bytes_max = swarm.applying_bytes;
  config.uncommitted_bytes_max = swarm.uncommitted_bytes;
  config.check_invariants = swarm.check_deeply;
  config.mutation = around_.bug.mutation;
  return std::make_unique<raft::RawNode>(
      config, log, log.hard_state(), log.base_conf_state(), applied().index,
      [this](std::uint64_t bound) { return random_.Below(bound); }, this);
}

void Member::MakeLoop(std::unique_ptr<storage::LogStore> log) {
  server::RaftLoop::Options options;
  options.tick_interval = absl::Microseconds(around_.swarm->tick);
  options.catch_up_entries = around_.swarm->catch_up_entries;
  server::RaftLoop::Outputs outputs;
  outputs.apply = [this](server::ApplyWork work) {
    if (work.install) around_.installs(id_, disk_.elapsed());
    application_->Post(std::move(work));
  };
  outputs.role_changed = [this](const server::RaftLoop::RoleChange& change) {
    application_->OnRoleChange(change);
  };
  outputs.fail_stop = [](const absl::Status&) { throw ProcessDeath{}; };
  std::unique_ptr<raft::RawNode> node = MakeRawNode(*log);
  process_->node = node.get();
  process_->loop = std::make_unique<server::RaftLoop>(
      options, std::move(node), std::move(log), this, process_->proposals.get(),
      process_->reads.get(), this, std::move(outputs));
}

// --- Running -------------------------------------------------------------------------------------

void Member::InThisLife(Micros time, std::function<void()> action) {
  around_.queue->At(time, [this, life = life_, action = std::move(action)]() mutable {
    if (life != life_ || !is_up()) return;
    if (!is_paused()) return action();
    // A pause may be made longer, or end early when all faults do.
    if (held_.empty()) around_.queue->At(paused_until_, [this] { GoOn(); });
    held_.push_back(std::move(action));
  });
}

void Member::GoOn() {
  if (held_.empty()) return;
  if (is_paused()) return around_.queue->At(paused_until_, [this] { GoOn(); });
  for (std::function<void()>& action : std::exchange(held_, {})) {
    InThisLife(around_.queue->now(), std::move(action));
  }
}

void Member::ScheduleLoop(Micros time) {
  time = std::max({time, busy_until_, paused_until_, around_.queue->now()});
  if (time >= loop_due_) return;
  loop_due_ = time;
  around_.queue->At(time, [this, life = life_, time] {
    if (life != life_ || !is_up() || time != loop_due_) return;
    loop_due_ = kNever;
    if (is_paused()) return ScheduleLoop(paused_until_);
    RunLoop();
  });
}

void Member::RunLoop() {
  disk_.Begin(around_.queue->now());
  in_pass_ = true;
  bool worked = false;
  try {
    worked = process_->loop->RunOnce();
  } catch (const ProcessDeath&) {
    in_pass_ = false;
    return OnProcessDeath(/*in_pass=*/true);
  }
  in_pass_ = false;
  busy_until_ = disk_.elapsed();
  if (around_.queue->now() < slow_until_) busy_until_ += slow_cost_;
  if (worked) {
    around_.history->OnPass(id_, *process_->log, raft::Index{facts().commit_index},
                            raft::Term{facts().term}, facts().is_leader);
    CheckConf();
    // Like the daemon's thread, which looks for more before it sleeps.
    return ScheduleLoop(busy_until_ + 1);
  }
  const Micros idle = absl::ToInt64Microseconds(process_->loop->IdleTime());
  ScheduleLoop(busy_until_ + idle * kMillion / (kMillion + drift_ppm_) + 1);
}

// Which config the core goes by at its commit index, as nobody outside can tell from its log alone.
void Member::CheckConf() const {
  const raft::Index commit = process_->node->commit_index();
  if (commit > around_.history->last_committed()) return;
  if (process_->node->ConfStateAt(commit) == around_.history->confs().CommittedAt(commit)) return;
  throw Violation(absl::StrCat("member ", id_.value, ": goes by another config at ", commit.value,
                               " than was committed"));
}

void Member::ScheduleApply(Micros time) {
  Micros delay = random_.Exponential(around_.swarm->apply_mean);
  if (!calm_ && random_.Chance(around_.swarm->apply_stall)) delay = random_.Between(0, kSecond);
  apply_busy_until_ = std::max(time, apply_busy_until_) + delay;
  InThisLife(apply_busy_until_, [this] { RunApply(); });
}

void Member::RunApply() {
  bool more = false;
  try {
    more = application_->RunApply();
  } catch (const ProcessDeath&) {
    return OnProcessDeath(/*in_pass=*/false);
  }
  if (more) ScheduleApply(around_.queue->now());
}

// As the daemon: who finds that it was removed stops. There is no way back.
void Member::OnConfApplied(const raft::ConfState& conf) {
  if (raft::IsMember(conf, id_)) return;
  const bool was_member = id_.value <= static_cast<std::uint64_t>(around_.members) ||
                          around_.history->confs().WasMember(id_, applied().index);
  if (!was_member) return;  // a config from before it was added
  around_.queue->After(0, [this, life = life_] {
    if (life != life_ || !is_up()) return;
    retired_ = true;
    around_.journal->Reach(Mark::kMemberRetired);
    Tell("stops: it was removed");
    Die(/*in_pass=*/false, /*cut_power=*/false);
    around_.history->OnRemoved(id_);
  });
}

void Member::Propose(stelepb::Command* command, server::Proposer::Done done) {
  process_->proposals->Propose(command, std::move(done));
}

void Member::Read(server::Reader::Done done) {
  if (around_.bug.model == ModelBug::kReadWithoutRound) {
    return done(process_->reads->Serializable());
  }
  process_->reads->Linearizable(std::move(done));
}

bool Member::Receive(SnapshotCargo cargo, raft::Message message) {
  if (!application_->Receive(std::move(cargo))) {
    if (disk_.files()->is_down()) OnProcessDeath(/*in_pass=*/false);
    return false;
  }
  std::vector<raft::Message> messages;
  messages.push_back(std::move(message));
  Post(server::PeerInput{std::move(messages)});
  return true;
}

// --- Dying ---------------------------------------------------------------------------------------

void Member::CrashAt(Micros time) {
  if (calm_ || time >= crash_at_) return;
  crash_at_ = time;
  disk_.set_crash_at(time);
  around_.queue->At(time, [this, time] {
    if (crash_at_ == time) CrashIfDue();
  });
}

void Member::CrashIfDue() {
  crash_at_ = kNever;
  disk_.set_crash_at(kNever);
  if (is_up()) Die(/*in_pass=*/false, random_.Chance(around_.swarm->power_cut));
}

void Member::PauseUntil(Micros time) { paused_until_ = std::max(paused_until_, time); }

void Member::OnProcessDeath(bool in_pass) {
  const bool crashed = disk_.files()->is_down();
  if (crashed) around_.journal->Reach(Mark::kCrashInPass);
  Die(in_pass, crashed && random_.Chance(around_.swarm->power_cut));
}

void Member::SlowUntil(Micros time, Micros cost) {
  slow_until_ = time;
  slow_cost_ = cost;
}

Micros Member::SteadySince() const {
  const Micros now = around_.queue->now();
  if (!is_up() || is_paused() || now < slow_until_ || busy_until_ > now + kSecond) return kNever;
  if (disk_.is_disturbed(now)) return kNever;
  return std::max({up_since_, paused_until_, slow_until_, disk_.disturbed_until()});
}

// What the process still does while it is torn down must not reach the disk.
void Member::Die(bool in_pass, bool cut_power) {
  disk_.TakeDown();
  application_->Stop();
  process_.reset();
  held_.clear();
  ++life_;
  if (cut_power) {
    disk_.CutPower();
  } else {
    disk_.KillProcess();
  }
  crash_at_ = kNever;
  up_since_ = kNever;
  if (raft::IsJoint(around_.history->confs().committed())) {
    around_.journal->Reach(Mark::kCrashWhileJoint);
  }
  around_.journal->Reach(Mark::kCrash);
  around_.journal->Reach(cut_power ? Mark::kPowerCut : Mark::kProcessKill);
  Tell(cut_power ? "down: power cut" : "down: process killed");
  around_.history->OnDeath(id_, in_pass);
  around_.died(id_);
  Micros delay = random_.Chance(around_.swarm->quick_restart)
                     ? random_.Between(1, 20 * kMillisecond)
                     : kMillisecond + random_.Exponential(around_.swarm->restart_after);
  if (calm_) delay = kMillisecond;
  if (retired_) return;
  around_.queue->At(std::max(disk_.elapsed(), around_.queue->now()) + delay, [this, life = life_] {
    if (life == life_ && !is_up()) Boot();
  });
}

void Member::Calm() {
  calm_ = true;
  disk_.Calm();
  crash_at_ = kNever;
  disk_.set_crash_at(kNever);
  paused_until_ = 0;
  slow_until_ = 0;
  if (!is_up()) return Boot();
  // A sync that would take long yet comes to its end.
  const Micros soon = around_.queue->now() + kMillisecond;
  busy_until_ = std::min(busy_until_, soon);
  apply_busy_until_ = std::min(apply_busy_until_, soon);
  loop_due_ = kNever;
  GoOn();
  ScheduleLoop(around_.queue->now());
  InThisLife(around_.queue->now(), [this] { RunApply(); });
  InThisLife(around_.queue->now(), [this] { process_->reads->RunOnce(); });
}

}  // namespace stele::sim
