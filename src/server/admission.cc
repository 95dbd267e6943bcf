#include "src/server/admission.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "fmt/format.h"

namespace stele::server {

Admission::Admission(const Self& self, std::vector<raft::NodeId> voters, absl::Duration start,
                     absl::Duration patience)
    : self_(self), voters_(std::move(voters)), impatient_at_(start + patience) {}

std::vector<raft::NodeId> Admission::Missing() const {
  std::vector<raft::NodeId> missing;
  for (const raft::NodeId voter : voters_) {
    if (voter != self_.id && !answered_.contains(voter)) missing.push_back(voter);
  }
  return missing;
}

void Admission::OnAnswer(raft::NodeId from, const Answer& answer) {
  answered_.insert(from);
  if (!cause_.empty()) return;
  if (answer.known_epoch >= self_.epoch) {
    cause_ = fmt::format(
        "member {:x} remembers start {} of this member, of which the data directory knows nothing: "
        "it is empty or an old copy",
        from.value, answer.known_epoch);
  } else if (answer.acked_index > self_.last_index.value) {
    cause_ = fmt::format(
        "member {:x} was promised the log up to entry {}, but the log in the data directory ends "
        "at entry {}",
        from.value, answer.acked_index, self_.last_index.value);
  }
}

Admission::Verdict Admission::Judge(absl::Duration now) const {
  if (!cause_.empty()) return Verdict::kDamaged;
  std::size_t satisfied = 0;
  for (const raft::NodeId voter : voters_) {
    if (voter == self_.id || answered_.contains(voter)) ++satisfied;
  }
  if (satisfied == voters_.size()) return Verdict::kAdmitted;
  const bool majority = 2 * satisfied > voters_.size();
  return majority && now >= impatient_at_ ? Verdict::kAdmitted : Verdict::kWait;
}

namespace {

constexpr std::chrono::milliseconds kAskAgainAfter{20};

// Where answers arrive, maybe after nobody waits for them any more.
struct Answers {
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<std::pair<raft::NodeId, absl::StatusOr<Admission::Answer>>> queue;
};

}  // namespace

Admission::Verdict SeekAdmission(Admission* admission, const Clock& clock,
                                 const AskForAdmission& ask, const std::function<bool()>& give_up) {
  const auto answers = std::make_shared<Answers>();
  std::set<raft::NodeId> asked;
  while (true) {
    const Admission::Verdict verdict = admission->Judge(clock.Now());
    if (verdict != Admission::Verdict::kWait || give_up()) return verdict;
    for (const raft::NodeId peer : admission->Missing()) {
      if (!asked.insert(peer).second) continue;
      ask(peer, [answers, peer](absl::StatusOr<Admission::Answer> answer) {
        const std::lock_guard lock(answers->mutex);
        answers->queue.emplace_back(peer, std::move(answer));
        answers->arrived.notify_one();
      });
    }
    std::unique_lock lock(answers->mutex);
    // Failed questions are asked again in the next round, not at once.
    answers->arrived.wait_for(lock, kAskAgainAfter, [&answers] {
      return std::ranges::any_of(answers->queue, [](const auto& each) { return each.second.ok(); });
    });
    for (const auto& [peer, answer] : std::exchange(answers->queue, {})) {
      asked.erase(peer);
      if (answer.ok()) admission->OnAnswer(peer, *answer);
    }
  }
}

}  // namespace stele::server
