// Watches: every session is followed with the sequence of events that it was owed.
#include <algorithm>
#include <span>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/history/describe.h"
#include "tests/history/history_checks.h"

namespace stele::history {
namespace {

class SessionJudge {
 public:
  SessionJudge(const History& history, const RevisionModel& model, const WatchRecord& watch,
               Report* report)
      : history_(history),
        model_(model),
        watch_(watch),
        report_(report),
        range_(model.RangeOf(watch.key.empty() ? std::string_view("\0", 1) : watch.key,
                             watch.range_end)) {}

  // `next`: the session that resumes it, or null.
  void Run(const WatchSession& session, const WatchSession* next);

 private:
  using Event = RevisionModel::Event;

  void Take(const WatchResponse& response);
  void TakeCreated(const WatchResponse& response);
  void TakeEvents(const WatchResponse& response);
  void TakeProgress(const WatchResponse& response);
  void TakeCanceled(const WatchResponse& response);
  void JudgeUnexpected(const EventRecord& event);
  void JudgePrevious(const EventRecord& event, const Event& expected, std::int64_t time);

  bool Filters(bool deletes) const { return deletes ? watch_.no_delete : watch_.no_put; }
  // The next event that the watcher is owed, or null.
  const Event* Due();
  std::int64_t HighestCompactionCalledBefore(std::int64_t time) const;
  void Fail(std::string_view check, std::int64_t revision, std::string_view text) {
    report_->Add(check, revision, watch_.name + ": " + std::string(text));
  }

  const History& history_;
  const RevisionModel& model_;
  const WatchRecord& watch_;
  Report* const report_;
  const RevisionModel::KeyRange range_;

  // Of the session.
  bool is_created_ = false;
  bool is_canceled_ = false;
  bool is_compacted_ = false;  // canceled for that reason, and not yet because it was asked for
  bool is_from_now_ = false;
  std::int64_t start_ = 0;     // the first revision it is owed
  std::int64_t last_ = 0;      // revision of the last event
  std::int64_t progress_ = 0;  // the highest that was told
  std::span<const Event> owed_;
};

const SessionJudge::Event* SessionJudge::Due() {
  while (!owed_.empty()) {
    const Event& next = owed_.front();
    const bool deletes = model_.VersionOf(next).version == 0;
    if (range_.Contains(next.key) && !Filters(deletes)) return &next;
    owed_ = owed_.subspan(1);
  }
  return nullptr;
}

std::int64_t SessionJudge::HighestCompactionCalledBefore(std::int64_t time) const {
  std::int64_t highest = -1;
  for (const Compaction& compaction : history_.compactions) {
    if (compaction.outcome == Outcome::kRefused || (time != 0 && compaction.start > time)) continue;
    highest = std::max(highest, compaction.revision);
  }
  return highest;
}

void SessionJudge::Run(const WatchSession& session, const WatchSession* next) {
  is_created_ = is_canceled_ = is_compacted_ = false;
  last_ = progress_ = 0;
  start_ = session.start_revision;
  is_from_now_ = start_ == 0;
  if (start_ != 0) owed_ = model_.EventsFrom(start_);
  for (const WatchResponse& response : session.responses) Take(response);
  if (is_canceled_ || !is_created_) return;
  // Whoever resumes behind what was covered must not lose what lies before.
  const std::int64_t complete_to = next == nullptr ? watch_.complete_to : next->start_revision - 1;
  const Event* due = Due();
  if (due != nullptr && due->revision <= complete_to) {
    Fail("missing-event", due->revision,
         absl::StrCat("never got the events from ", due->revision, " to ", complete_to));
  }
}

void SessionJudge::Take(const WatchResponse& response) {
  const bool is_asked_cancel =
      response.kind == WatchResponse::Kind::kCanceled && response.compact_revision == 0;
  if (is_compacted_ && is_asked_cancel) {
    is_compacted_ = false;  // the client asked, maybe before it knew: it is answered once more
    return;
  }
  if (is_canceled_) {
    return Fail("event-after-cancel", response.revision, "a response after the cancellation");
  }
  switch (response.kind) {
    case WatchResponse::Kind::kCreated:
      return TakeCreated(response);
    case WatchResponse::Kind::kEvents:
      return TakeEvents(response);
    case WatchResponse::Kind::kProgress:
      return TakeProgress(response);
    case WatchResponse::Kind::kCanceled:
      return TakeCanceled(response);
  }
}

void SessionJudge::TakeCreated(const WatchResponse& response) {
  if (is_created_) Fail("created-twice", response.revision, "created twice");
  is_created_ = true;
  if (start_ != 0) return;
  start_ = response.revision + 1;
  owed_ = model_.EventsFrom(start_);
}

void SessionJudge::TakeEvents(const WatchResponse& response) {
  if (!is_created_ && start_ == 0) {
    return Fail("event-before-created", response.revision, "an event before the watch was created");
  }
  for (const EventRecord& event : response.events) {
    const Event* due = Due();
    const bool is_due = due != nullptr && due->revision == event.kv.mod_revision &&
                        model_.KeyOf(due->key) == event.kv.key;
    if (!is_due) {
      JudgeUnexpected(event);
      continue;
    }
    if (event.kv.mod_revision <= progress_) {
      Fail("event-behind-progress", progress_, Describe(event));
    }
    const RevisionModel::Version& version = model_.VersionOf(*due);
    const bool same = event.deletes == (version.version == 0) &&
                      (event.deletes ? event.kv.value.empty() && event.kv.version == 0 &&
                                           event.kv.create_revision == 0
                                     : model_.Equals(event.kv, due->key, version));
    if (!same) {
      Fail("event-content", event.kv.mod_revision,
           absl::StrCat(Describe(event), " should be ",
                        Describe(model_.Describe(due->key, version))));
    }
    JudgePrevious(event, *due, response.time);
    last_ = event.kv.mod_revision;
    owed_ = owed_.subspan(1);
  }
  const Event* due = Due();
  if (!watch_.fragment && due != nullptr && due->revision == last_) {
    Fail("split-revision", last_, absl::StrCat("a response ends within revision ", last_));
  }
}

void SessionJudge::JudgeUnexpected(const EventRecord& event) {
  const std::int64_t revision = event.kv.mod_revision;
  const RevisionModel::KeyRank key = model_.RankOf(event.kv.key);
  const std::string text = Describe(event);
  if (key == RevisionModel::kNoKey || revision > model_.current()) {
    return Fail("event-of-nothing", revision, text + " never happened");
  }
  if (!range_.Contains(key) || Filters(event.deletes)) {
    return Fail("filter", revision, text + " was not asked for");
  }
  if (revision < start_) {
    return Fail("future-watch", revision, absl::StrCat(text, " is before the start at ", start_));
  }
  const Event* due = Due();
  if (due == nullptr || revision < due->revision) {
    return Fail(revision == last_ ? "duplicated-event" : "unordered-event", revision,
                absl::StrCat(text, " after ", last_));
  }
  if (revision == due->revision) {
    return Fail("unordered-event", revision, text + " has lost its place in the revision");
  }
  Fail("missing-event", due->revision,
       absl::StrCat("got ", text, " without the events from ", due->revision, " on"));
  while (due != nullptr && due->revision <= revision) {
    owed_ = owed_.subspan(1);
    due = Due();
  }
  last_ = revision;
}

void SessionJudge::JudgePrevious(const EventRecord& event, const Event& expected,
                                 std::int64_t time) {
  const std::int64_t revision = expected.revision;
  const RevisionModel::Version* before = model_.VersionBefore(expected);
  if (!event.previous) {
    // It may be compacted: then it is not shown.
    if (watch_.with_previous && before != nullptr &&
        HighestCompactionCalledBefore(time) < revision) {
      Fail("previous-value", revision, Describe(event) + " lacks what was before");
    }
    return;
  }
  if (!watch_.with_previous || before == nullptr ||
      !model_.Equals(*event.previous, expected.key, *before)) {
    Fail("previous-value", revision,
         absl::StrCat(Describe(event), " shows ", Describe(*event.previous), " before it"));
  }
}

void SessionJudge::TakeProgress(const WatchResponse& response) {
  const std::int64_t told = response.revision;
  // "From now" begins behind the revision that was there, which may be told.
  if (told < (is_from_now_ ? start_ - 1 : start_)) {
    return Fail("future-watch", told, absl::StrCat("progress ", told, " before the start"));
  }
  if (told < progress_) {
    Fail("progress", told, absl::StrCat("progress falls from ", progress_, " to ", told));
  }
  progress_ = std::max(progress_, told);
  const Event* due = Due();
  if (told > model_.current() || (due != nullptr && due->revision <= told)) {
    Fail("progress", due != nullptr ? due->revision : told,
         absl::StrCat("progress ", told, " before the event of ",
                      due != nullptr ? due->revision : 0));
  }
}

void SessionJudge::TakeCanceled(const WatchResponse& response) {
  is_canceled_ = true;
  if (response.compact_revision == 0) return;  // somebody asked for it
  is_compacted_ = true;
  const std::int64_t compacted = response.compact_revision;
  if (compacted > HighestCompactionCalledBefore(response.time)) {
    return Fail("compacted-cancel", compacted,
                absl::StrCat("canceled for a compaction at ", compacted, " nobody asked for"));
  }
  if (std::max(start_, last_ + 1) >= compacted) {
    Fail("compacted-cancel", compacted,
         absl::StrCat("canceled for the compaction at ", compacted, " behind ", last_));
  }
}

}  // namespace

void CheckWatches(const History& history, const RevisionModel& model, Report* report) {
  for (const WatchRecord& watch : history.watches) {
    SessionJudge judge(history, model, watch, report);
    for (std::size_t i = 0; i < watch.sessions.size(); ++i) {
      const bool is_last = i + 1 == watch.sessions.size();
      judge.Run(watch.sessions[i], is_last ? nullptr : &watch.sessions[i + 1]);
    }
  }
}

}  // namespace stele::history
