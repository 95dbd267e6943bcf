#include "tests/history/history_checks.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/history/describe.h"

namespace stele::history {

Violations CheckHistory(const History& history) {
  Report report;
  const RevisionModel model(history.revisions, &report);
  CheckOperations(history, model, &report);
  CheckWatches(history, model, &report);
  CheckLeases(history, model, &report);
  return std::move(report).Take();
}

std::vector<RevisionRecord> RevisionsSeenBy(const WatchRecord& watch) {
  std::vector<RevisionRecord> revisions;
  for (const WatchSession& session : watch.sessions) {
    for (const WatchResponse& response : session.responses) {
      for (const EventRecord& event : response.events) {
        const std::int64_t revision = event.kv.mod_revision;
        const std::int64_t last = revisions.empty() ? 1 : revisions.back().revision;
        if (revision < last) continue;  // what is wrong with this, CheckWatches says
        if (revision > last) revisions.push_back({.revision = revision});
        revisions.back().changes.push_back(
            {event.kv.key, event.kv.value, event.deletes, event.kv.lease});
      }
    }
  }
  return revisions;
}

std::string Explain(const History& history, const Violations& violations) {
  if (violations.empty()) return "";
  const Violation& first = violations.front();
  std::string text = absl::StrCat(first.check, ": ", first.text);
  if (violations.size() > 1) absl::StrAppend(&text, " (first of ", violations.size(), ")");
  const std::string window = Window(history, first.revision);
  if (first.revision != 0 && !window.empty()) absl::StrAppend(&text, "\n", window);
  return text;
}

}  // namespace stele::history
