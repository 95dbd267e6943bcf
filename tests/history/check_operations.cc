// Operations: who made which revision, in which real-time order, and with which reply.
#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/history/describe.h"
#include "tests/history/evaluation.h"
#include "tests/history/history_checks.h"
#include "tests/history/steps.h"

namespace stele::history {
namespace {

bool MayWrite(const Operation& operation) {
  bool writes = false;
  ForEachStep(operation,
              [&writes](const Step& step) { writes = writes || step.kind != Step::Kind::kRange; });
  return writes;
}

bool RanKind(const Operation& operation, Step::Kind kind) {
  bool ran = false;
  ForEachStepThatRan(operation, [&ran, kind](const Step& step, const StepResult& /*result*/) {
    ran = ran || step.kind == kind;
  });
  return ran;
}

// Answers which revision was the highest known to somebody by a time.
class KnownBefore {
 public:
  void Add(std::int64_t end, std::int64_t revision) { known_.emplace_back(end, revision); }
  void Finish() {
    if (!std::ranges::is_sorted(known_)) std::ranges::sort(known_);
    std::int64_t highest = 0;
    for (auto& [end, revision] : known_) revision = highest = std::max(highest, revision);
  }
  // REQUIRES: after Finish. What was known strictly before `time`.
  std::int64_t operator()(std::int64_t time) const {
    const auto after =
        std::ranges::lower_bound(known_, time, {}, &std::pair<std::int64_t, std::int64_t>::first);
    return after == known_.begin() ? 0 : std::prev(after)->second;
  }

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> known_;
};

class OperationJudge {
 public:
  OperationJudge(const History& history, const RevisionModel& model, Report* report)
      : history_(history), model_(model), report_(report), evaluation_(&model) {
    makers_.resize(history.revisions.size(), nullptr);
  }

  void Run() {
    NoteKnown();
    for (const Operation& operation : history_.operations) JudgeOne(operation);
    ExplainTheRest();
    for (const Operation& operation : history_.operations) JudgeSight(operation);
  }

 private:
  void NoteKnown();
  void JudgeOne(const Operation& operation);
  void JudgeAcknowledged(const Operation& operation);
  void JudgeOrder(const Operation& operation);
  void JudgeUnacknowledged(const Operation& operation);
  void JudgeRefusal(const Operation& operation);
  void JudgeHistoricalSteps(const Operation& operation);
  void JudgeSight(const Operation& operation);
  bool Claim(const Operation& operation, std::int64_t revision);
  void ExplainTheRest();
  bool IsRevoke(const RevisionRecord& record) const;
  bool CanBeOf(const Operation& traceless, const RevisionRecord& record);
  // Finds a maker for the record; others that were matched before may have to change theirs.
  bool Match(const RevisionRecord& record, std::vector<bool>* tried);

  const Operation** MakerOf(std::int64_t revision) {
    if (model_.At(revision) == nullptr) return nullptr;
    return &makers_[static_cast<std::size_t>(revision - history_.revisions.front().revision)];
  }
  std::int64_t HighestCompactionBefore(std::int64_t time, bool acknowledged) const;
  void Fail(std::string_view check, const Operation& operation, std::int64_t revision,
            std::string_view why) {
    report_->Add(check, revision, Describe(operation) + ": " + std::string(why));
  }

  const History& history_;
  const RevisionModel& model_;
  Report* const report_;
  Evaluation evaluation_;
  KnownBefore known_;
  std::map<std::uint64_t, KnownBefore> known_in_session_;
  std::vector<const Operation*> makers_;  // by revision
  std::vector<const Operation*> traceless_;
  std::vector<const RevisionRecord*> record_of_traceless_;
};

void OperationJudge::NoteKnown() {
  for (const Operation& operation : history_.operations) {
    if (operation.outcome != Outcome::kAcknowledged) continue;
    // What a serializable read saw was committed, so it binds later linearizable ones as well.
    known_.Add(operation.end, operation.revision);
    if (operation.session != 0) {
      known_in_session_[operation.session].Add(operation.end, operation.revision);
    }
  }
  known_.Finish();
  for (auto& [session, known] : known_in_session_) known.Finish();
}

void OperationJudge::JudgeOne(const Operation& operation) {
  if (operation.outcome == Outcome::kAcknowledged) {
    JudgeOrder(operation);
    JudgeHistoricalSteps(operation);
    JudgeAcknowledged(operation);
  } else {
    JudgeUnacknowledged(operation);
    if (operation.outcome == Outcome::kRefused) JudgeRefusal(operation);
  }
}

void OperationJudge::JudgeOrder(const Operation& operation) {
  if (operation.revision > model_.current()) {
    return Fail("acked-write-lost", operation, operation.revision, "there is no such revision");
  }
  if (operation.serializable) {
    const auto session = known_in_session_.find(operation.session);
    if (session == known_in_session_.end()) return;
    const std::int64_t earlier = session->second(operation.start);
    if (operation.revision < earlier) {
      Fail("serializable-goes-back", operation, earlier,
           absl::StrCat("the same member showed revision ", earlier, " before"));
    }
    return;
  }
  const std::int64_t earlier = known_(operation.start);
  if (operation.revision < earlier) {
    Fail(MayWrite(operation) ? "real-time-order" : "stale-read", operation, earlier,
         absl::StrCat("revision ", earlier, " was answered to somebody before it began"));
  }
}

bool OperationJudge::Claim(const Operation& operation, std::int64_t revision) {
  const Operation** maker = MakerOf(revision);
  if (maker == nullptr) return false;
  if (*maker != nullptr) {
    Fail("two-makers", operation, revision,
         "made a revision that is also of: " + Describe(**maker));
    return true;
  }
  *maker = &operation;
  const std::int64_t earlier = known_(operation.start);
  if (revision <= earlier) {
    Fail("real-time-order", operation, revision,
         absl::StrCat("revision ", earlier, " was answered to somebody before it began"));
  }
  const std::int64_t time = model_.At(revision)->time;
  if (time != 0 && (time < operation.start ||
                    (operation.outcome == Outcome::kAcknowledged && time > operation.end))) {
    Fail("real-time-order", operation, revision,
         absl::StrCat("happened at ", time, ", outside of the call"));
  }
  return true;
}

// An operation that changes something made its revision from the one before; any other is judged on
// the state at its revision.
void OperationJudge::JudgeAcknowledged(const Operation& operation) {
  const bool may_write = MayWrite(operation);
  const RevisionRecord* record = model_.At(operation.revision);
  const bool must_write = RanKind(operation, Step::Kind::kPut);
  if (!must_write) {
    const bool as_read = evaluation_.Run(operation, operation.revision);
    if (as_read && evaluation_.changes().empty()) return;
    if (!may_write || !RanKind(operation, Step::Kind::kDelete)) {
      return Fail(operation.serializable ? "serializable-read" : "read-content", operation,
                  operation.revision, evaluation_.difference());
    }
  }
  if (record == nullptr) {
    return Fail("acked-write-lost", operation, operation.revision, "there is no such revision");
  }
  const bool same_reply = evaluation_.Run(operation, operation.revision - 1);
  if (!same_reply) {
    return Fail("write-reply", operation, operation.revision, evaluation_.difference());
  }
  if (evaluation_.changes() != record->changes) {
    return Fail("acked-write-lost", operation, operation.revision,
                "its revision is " + Describe(*record));
  }
  Claim(operation, operation.revision);
}

void OperationJudge::JudgeUnacknowledged(const Operation& operation) {
  bool is_traceless = false;  // some of its changes carry no value of its own
  std::int64_t revision = 0;
  ForEachStep(operation, [&](const Step& step) {
    is_traceless = is_traceless || step.kind == Step::Kind::kDelete || step.ignore_value;
    if (step.kind != Step::Kind::kPut || step.ignore_value || revision != 0) return;
    revision = model_.RevisionOfValue(step.value);
  });
  if (revision == 0) {
    if (is_traceless && operation.outcome == Outcome::kUnknown) traceless_.push_back(&operation);
    return;
  }
  if (operation.outcome == Outcome::kRefused) {
    return Fail("refused-write-present", operation, revision, "it happened all the same");
  }
  evaluation_.Run(operation, revision - 1);
  if (evaluation_.changes() != model_.At(revision)->changes) {
    return Fail("unknown-write-altered", operation, revision,
                "its revision is " + Describe(*model_.At(revision)));
  }
  Claim(operation, revision);
}

std::int64_t OperationJudge::HighestCompactionBefore(std::int64_t time, bool acknowledged) const {
  std::int64_t highest = -1;
  for (const Compaction& compaction : history_.compactions) {
    const bool counts = acknowledged
                            ? compaction.outcome == Outcome::kAcknowledged && compaction.end < time
                            : compaction.outcome != Outcome::kRefused && compaction.start < time;
    if (counts) highest = std::max(highest, compaction.revision);
  }
  return highest;
}

void OperationJudge::JudgeRefusal(const Operation& operation) {
  if (operation.refusal == Refusal::kOther) return;
  std::vector<const Step*> steps;
  ForEachStep(operation, [&steps](const Step& step) { steps.push_back(&step); });
  const auto any = [&steps](auto predicate) {
    return std::ranges::any_of(steps, [&](const Step* step) { return predicate(*step); });
  };
  if (operation.refusal == Refusal::kCompacted) {
    const std::int64_t compacted = HighestCompactionBefore(operation.end, false);
    if (!any([&](const Step& step) { return step.revision != 0 && step.revision < compacted; })) {
      Fail("refused-without-reason", operation, compacted, "nothing was compacted that it reads");
    }
  } else if (operation.refusal == Refusal::kFutureRevision) {
    const std::int64_t known = operation.serializable ? 0 : known_(operation.start);
    if (!any([&](const Step& step) { return step.revision > known; })) {
      Fail("refused-without-reason", operation, known, "its revision was known before it began");
    }
  } else {
    const bool lives = any([&](const Step& step) {
      return step.kind == Step::Kind::kPut && step.lease != 0 &&
             std::ranges::any_of(history_.leases, [&](const LeaseLife& lease) {
               return lease.id == step.lease && lease.granted < operation.start &&
                      (lease.revoked == 0 || lease.EarliestEnd() > operation.end);
             });
    });
    if (lives && steps.size() == 1) {
      Fail("refused-without-reason", operation, 0, "its lease lives");
    }
  }
}

// A linearizable reader knows of every compaction that was acknowledged before it began.
void OperationJudge::JudgeHistoricalSteps(const Operation& operation) {
  ForEachStepThatRan(operation, [&](const Step& step, const StepResult& /*result*/) {
    if (step.revision <= 0) return;
    if (step.revision > operation.revision) {
      Fail("future-read", operation, step.revision, "reads a revision that its member has not");
    }
    if (operation.serializable) return;
    if (step.revision < HighestCompactionBefore(operation.start, true)) {
      Fail("compacted-read", operation, step.revision, "reads what was compacted before it began");
    }
  });
}

// Nobody is shown a revision whose maker had not yet been asked.
void OperationJudge::JudgeSight(const Operation& operation) {
  if (operation.outcome != Outcome::kAcknowledged) return;
  const Operation** maker = MakerOf(operation.revision);
  if (maker == nullptr || *maker == nullptr) return;
  if ((*maker)->start > operation.end) {
    Fail("read-from-the-future", operation, operation.revision,
         "shows the revision of a write that began later: " + Describe(**maker));
  }
}

// A lease that goes takes exactly its keys along, in their order.
bool OperationJudge::IsRevoke(const RevisionRecord& record) const {
  std::int64_t lease = 0;
  for (const Change& change : record.changes) {
    const RevisionModel::Version* before =
        model_.Find(model_.RankOf(change.key), record.revision - 1);
    if (!change.deletes || before == nullptr || before->lease == 0) return false;
    if (lease != 0 && before->lease != lease) return false;
    lease = before->lease;
  }
  return std::ranges::any_of(history_.leases, [&](const LeaseLife& life) {
    return life.id == lease && life.revoked != 0 && life.revoked_revision == record.revision;
  });
}

bool OperationJudge::CanBeOf(const Operation& traceless, const RevisionRecord& record) {
  if (record.time != 0 && traceless.start > record.time) return false;
  if (known_(traceless.start) >= record.revision) return false;
  return evaluation_.Run(traceless, record.revision - 1) && evaluation_.changes() == record.changes;
}

// Two deletions of unknown outcome may fit the same revision, and one of them another one as well:
// this is a matching in a bipartite graph.
bool OperationJudge::Match(const RevisionRecord& record, std::vector<bool>* tried) {
  for (std::size_t i = 0; i < traceless_.size(); ++i) {
    if ((*tried)[i] || !CanBeOf(*traceless_[i], record)) continue;
    (*tried)[i] = true;
    const RevisionRecord*& taken = record_of_traceless_[i];
    if (taken != nullptr && !Match(*taken, tried)) continue;
    taken = &record;
    return true;
  }
  return false;
}

void OperationJudge::ExplainTheRest() {
  record_of_traceless_.assign(traceless_.size(), nullptr);
  for (std::size_t i = 0; i < makers_.size(); ++i) {
    if (makers_[i] != nullptr) continue;
    const RevisionRecord& record = history_.revisions[i];
    std::vector<bool> tried(traceless_.size(), false);
    if (IsRevoke(record) || Match(record, &tried)) continue;
    report_->Add("revision-without-a-write", record.revision,
                 "nobody asked for revision " + Describe(record));
  }
  for (std::size_t i = 0; i < traceless_.size(); ++i) {
    if (record_of_traceless_[i] == nullptr) continue;
    Claim(*traceless_[i], record_of_traceless_[i]->revision);
  }
}

}  // namespace

void CheckOperations(const History& history, const RevisionModel& model, Report* report) {
  OperationJudge(history, model, report).Run();
}

}  // namespace stele::history
