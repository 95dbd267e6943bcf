#include "src/server/state_watch.h"

#include "fmt/format.h"
#include "src/server/api/errors.h"

namespace stele::server {
namespace {

constexpr absl::Duration kCheckInterval = absl::Seconds(1);
// Reports for checks so far behind the newest are not waited for any more.
constexpr std::uint64_t kEntriesWaitedFor = 100'000;

}  // namespace

StateWatch::StateWatch(EventLoop* loop, Surroundings surroundings)
    : loop_(loop), around_(std::move(surroundings)) {}

void StateWatch::Start() {
  loop_->RunAfter(kCheckInterval, [this] { Tick(); });
}

void StateWatch::Tick() {
  if (!around_.facts->is_leader) {
    Forget();
  } else if (around_.applied_index() > last_check_.value) {
    around_.propose_check();
  }
  Start();
}

void StateWatch::OnChecks(std::vector<storage::StateCheckResult> checks) {
  loop_->Post([this, checks = std::move(checks)] {
    const raft::NodeId leader{around_.facts->leader};
    for (const storage::StateCheckResult& check : checks) {
      last_check_ = check.index;
      if (leader == around_.self) {
        Note(check.index, around_.self, check.digest);
        continue;
      }
      if (leader == raft::kNoNode) continue;  // another check will come
      stelepb::StateReport report;
      report.set_cluster_id(around_.cluster_id);
      report.set_member_id(around_.self.value);
      report.set_index(check.index.value);
      report.set_digest_low(check.digest.low);
      report.set_digest_high(check.digest.high);
      around_.report(leader, report, [this, index = check.index](auto verdict) {
        if (verdict.ok()) OnVerdict(index, verdict->agrees());
      });
    }
    if (!checks.empty()) DropBefore(checks.back().index);
  });
}

void StateWatch::Answer(const stelepb::StateReport& report, Done done) {
  loop_->Post([this, report, done = std::move(done)] {
    if (!around_.facts->is_leader) return done(NotLeaderError());
    const raft::Index index{report.index()};
    const raft::NodeId member{report.member_id()};
    waiting_[{index, member}] = done;
    Note(index, member, {report.digest_low(), report.digest_high()});
  });
}

void StateWatch::Note(raft::Index index, raft::NodeId member, const storage::StateDigest& digest) {
  for (const auto& verdict : tally_.Note(index, member, digest, around_.voters())) {
    if (verdict.member == around_.self) {
      OnVerdict(verdict.index, verdict.agrees);
      continue;
    }
    const auto asked = waiting_.find({verdict.index, verdict.member});
    if (asked == waiting_.end()) continue;
    stelepb::StateVerdict answer;
    answer.set_agrees(verdict.agrees);
    const Done done = std::move(asked->second);
    waiting_.erase(asked);
    done(answer);
  }
}

void StateWatch::OnVerdict(raft::Index index, bool agrees) {
  if (agrees) return;
  around_.differs(absl::DataLossError(fmt::format(
      "the state behind entry {} is not that of the majority of members", index.value)));
}

void StateWatch::Forget() {
  tally_.Clear();
  for (const auto& [key, done] : std::exchange(waiting_, {})) done(NotLeaderError());
}

void StateWatch::DropBefore(raft::Index index) {
  while (!waiting_.empty() &&
         waiting_.begin()->first.first.value + kEntriesWaitedFor < index.value) {
    const Done done = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    done(absl::DeadlineExceededError("no majority of members has reported"));
  }
}

}  // namespace stele::server
