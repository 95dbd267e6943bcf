#include "tests/process/history_checks.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <utility>

#include "tests/process/key_versions.h"

namespace stele::process {
namespace {

// Keeps the first lines and counts the rest: one fault often shows a thousand times.
class Report {
 public:
  template <typename... Parts>
  void Add(const Parts&... parts) {
    constexpr std::size_t kLinesMax = 30;
    ++count_;
    if (lines_.size() < kLinesMax) lines_.push_back(absl::StrCat(parts...));
  }

  Violations Take() && {
    if (count_ > lines_.size()) lines_.push_back(absl::StrCat("... ", count_, " in all"));
    return std::move(lines_);
  }

 private:
  Violations lines_;
  std::size_t count_ = 0;
};

std::string Describe(const KeyVersion& kv) {
  return absl::StrCat(kv.key, "=", kv.value, " create ", kv.create_revision, " mod ",
                      kv.mod_revision, " version ", kv.version);
}

std::string Describe(const EventRecord& event) {
  return absl::StrCat(event.deletes ? "delete " : "put ", Describe(event.kv));
}

std::string Describe(const WriteRecord& write) {
  std::string text =
      absl::StrCat("write at revision ", write.revision, " on member ", write.member);
  for (const Change& change : write.changes) {
    absl::StrAppend(&text, change.deletes ? " -" : " ", change.key, "=", change.value);
  }
  return text;
}

// The events of each revision, in order. The map points into the sequence it was made from.
using Revisions = std::map<std::int64_t, std::span<const EventRecord>>;

Revisions GroupByRevision(const std::vector<EventRecord>& events) {
  Revisions revisions;
  for (auto first = events.begin(); first != events.end();) {
    const std::int64_t revision = first->kv.mod_revision;
    auto last = std::find_if(first, events.end(), [revision](const EventRecord& event) {
      return event.kv.mod_revision != revision;
    });
    revisions.emplace(revision, std::span(first, last));
    first = last;
  }
  return revisions;
}

// Where each unique value first appears.
using RevisionOfValue = absl::flat_hash_map<std::string_view, std::int64_t>;

RevisionOfValue IndexValues(const std::vector<EventRecord>& events) {
  RevisionOfValue revision_of;
  for (const EventRecord& event : events) {
    if (!event.deletes) revision_of.try_emplace(event.kv.value, event.kv.mod_revision);
  }
  return revision_of;
}

std::string_view ValueOf(const WriteRecord& write) {
  for (const Change& change : write.changes) {
    if (!change.deletes) return change.value;
  }
  return {};
}

// The revision at which the write took place according to its reply, or else according to the
// events; 0 if it left no trace.
std::int64_t RevisionOf(const WriteRecord& write, const RevisionOfValue& revision_of) {
  if (write.outcome == Outcome::kAcknowledged) return write.revision;
  auto it = revision_of.find(ValueOf(write));
  return it == revision_of.end() ? 0 : it->second;
}

// Answers, for rising times, the highest revision acknowledged before.
class AcknowledgedBefore {
 public:
  explicit AcknowledgedBefore(const std::vector<WriteRecord>& writes) {
    for (const WriteRecord& write : writes) {
      if (write.outcome == Outcome::kAcknowledged) {
        ends_.emplace_back(write.end_ns, write.revision);
      }
    }
    std::ranges::sort(ends_);
    std::int64_t highest = 0;
    for (auto& [end_ns, revision] : ends_) revision = highest = std::max(highest, revision);
  }

  std::int64_t operator()(std::int64_t time_ns) const {
    auto after =
        std::ranges::lower_bound(ends_, time_ns, {}, &std::pair<std::int64_t, std::int64_t>::first);
    return after == ends_.begin() ? 0 : std::prev(after)->second;
  }

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> ends_;
};

// What the write must have left at its revision, given the keys before it.
bool LeftItsTrace(const WriteRecord& write, std::span<const EventRecord> events,
                  const KeyVersions& keys, std::int64_t revision) {
  std::vector<Change> seen;
  for (const EventRecord& event : events) {
    seen.push_back({event.kv.key, event.kv.value, event.deletes});
  }
  std::vector<Change> expected;
  for (const Change& change : write.changes) {
    if (change.deletes && keys.At(change.key, revision - 1) == nullptr) continue;
    expected.push_back(change);
  }
  return seen == expected;
}

KeyVersions Replay(const std::vector<EventRecord>& events) {
  KeyVersions keys;
  std::int64_t highest = 0;
  for (const EventRecord& event : events) {
    if (event.kv.mod_revision < highest) continue;  // Reported by CheckWatch.
    highest = event.kv.mod_revision;
    keys.Apply(event.kv.key, event.kv.value, event.deletes, highest);
  }
  return keys;
}

}  // namespace

Violations CheckWatch(const WatchRecord& watch) {
  Report report;
  absl::flat_hash_set<std::pair<std::int64_t, std::string_view>> seen;
  std::int64_t last_revision = 1;
  std::int64_t last_batch = -1;
  for (const EventRecord& event : watch.events) {
    const std::int64_t revision = event.kv.mod_revision;
    if (!seen.emplace(revision, event.kv.key).second) {
      report.Add(watch.name, ": duplicated event ", Describe(event));
    } else if (revision < last_revision) {
      report.Add(watch.name, ": reordered event ", Describe(event), " after ", last_revision);
    } else if (revision > last_revision + 1) {
      report.Add(watch.name, ": missing events between ", last_revision, " and ", Describe(event));
    } else if (revision == last_revision && event.batch != last_batch) {
      report.Add(watch.name, ": split revision at ", Describe(event));
    }
    last_revision = std::max(last_revision, revision);
    last_batch = event.batch;
  }
  return std::move(report).Take();
}

Violations CheckWatchesAgree(const std::vector<WatchRecord>& watches) {
  Report report;
  for (std::size_t i = 1; i < watches.size(); ++i) {
    const WatchRecord& one = watches[0];
    const WatchRecord& other = watches[i];
    auto same = [](const EventRecord& a, const EventRecord& b) {
      return a.deletes == b.deletes && a.kv == b.kv;
    };
    auto [at, other_at] = std::ranges::mismatch(one.events, other.events, same);
    if (at == one.events.end() && other_at == other.events.end()) continue;
    report.Add(one.name, " and ", other.name, " differ at event ", at - one.events.begin(), ": ",
               at == one.events.end() ? "(end)" : Describe(*at), " | ",
               other_at == other.events.end() ? "(end)" : Describe(*other_at));
  }
  return std::move(report).Take();
}

Violations CheckEventContents(const WatchRecord& watch) {
  Report report;
  KeyVersions keys;
  std::int64_t highest = 0;
  for (const EventRecord& event : watch.events) {
    const std::int64_t revision = event.kv.mod_revision;
    if (revision < highest) continue;  // Reported by CheckWatch.
    highest = revision;
    const KeyVersion* before = keys.At(event.kv.key, revision - 1);
    if (watch.with_previous) {
      const bool same = before == nullptr ? !event.previous.has_value() : event.previous == *before;
      if (!same) {
        report.Add(watch.name, ": wrong previous value of ", Describe(event), ": ",
                   event.previous ? Describe(*event.previous) : "(none)", " instead of ",
                   before != nullptr ? Describe(*before) : "(none)");
      }
    }
    if (event.deletes && before == nullptr) {
      report.Add(watch.name, ": deletion of an absent key ", Describe(event));
    }
    const KeyVersion expected = keys.Apply(event.kv.key, event.kv.value, event.deletes, revision);
    if (event.kv != expected) {
      report.Add(watch.name, ": ", Describe(event), " should be ", Describe(expected));
    }
  }
  return std::move(report).Take();
}

Violations CheckWritesHappened(const std::vector<WriteRecord>& writes,
                               const std::vector<EventRecord>& events) {
  Report report;
  const Revisions revisions = GroupByRevision(events);
  const RevisionOfValue revision_of = IndexValues(events);
  const KeyVersions keys = Replay(events);
  absl::flat_hash_map<std::int64_t, const WriteRecord*> writer_of;

  for (const WriteRecord& write : writes) {
    const std::int64_t revision = RevisionOf(write, revision_of);
    if (revision == 0) continue;  // Unknown or refused, and it did not happen.
    if (write.outcome == Outcome::kRefused) {
      report.Add("refused write took place at ", revision, ": ", Describe(write));
    }
    auto at = revisions.find(revision);
    if (at == revisions.end()) {
      report.Add("lost ", Describe(write));
    } else if (!LeftItsTrace(write, at->second, keys, revision)) {
      report.Add("lost or altered ", Describe(write), "; at ", revision, " there is ",
                 Describe(at->second.front()));
    }
    auto [other, first] = writer_of.try_emplace(revision, &write);
    if (!first) {
      report.Add("two writes at one revision: ", Describe(write), " | ", Describe(*other->second));
    }
  }
  for (const auto& [revision, group] : revisions) {
    if (!writer_of.contains(revision)) {
      report.Add("event without a write: ", Describe(group.front()));
    }
  }
  absl::flat_hash_set<std::string_view> values;
  for (const EventRecord& event : events) {
    if (!event.deletes && !values.insert(event.kv.value).second) {
      report.Add("value written twice: ", Describe(event));
    }
  }
  return std::move(report).Take();
}

Violations CheckRealTimeOrder(const std::vector<WriteRecord>& writes,
                              const std::vector<EventRecord>& events) {
  Report report;
  const RevisionOfValue revision_of = IndexValues(events);
  const AcknowledgedBefore acknowledged_before(writes);
  for (const WriteRecord& write : writes) {
    const std::int64_t revision = RevisionOf(write, revision_of);
    const std::int64_t earlier = acknowledged_before(write.start_ns);
    if (revision != 0 && revision <= earlier) {
      report.Add("real-time order: ", Describe(write), " took place at ", revision,
                 " but began after revision ", earlier, " was acknowledged");
    }
  }
  return std::move(report).Take();
}

Violations CheckReads(const History& history, const std::vector<EventRecord>& events) {
  Report report;
  const KeyVersions keys = Replay(events);
  const RevisionOfValue revision_of = IndexValues(events);
  const AcknowledgedBefore acknowledged_before(history.writes);
  absl::flat_hash_map<std::int64_t, std::int64_t> start_of;
  for (const WriteRecord& write : history.writes) {
    if (const std::int64_t at = RevisionOf(write, revision_of); at != 0) {
      start_of.emplace(at, write.start_ns);
    }
  }
  for (const ReadRecord& read : history.reads) {
    const std::int64_t earlier = acknowledged_before(read.start_ns);
    if (read.linearizable && read.revision < earlier) {
      report.Add("stale linearizable read on member ", read.member, ": revision ", read.revision,
                 " although ", earlier, " was acknowledged before");
    }
    auto start = start_of.find(read.revision);
    if (start != start_of.end() && start->second > read.end_ns) {
      report.Add("read on member ", read.member, " saw revision ", read.revision,
                 " before its write began");
    }
    const std::vector<KeyVersion> expected = keys.AllAt(read.revision);
    auto [at, expected_at] = std::ranges::mismatch(read.kvs, expected);
    if (at != read.kvs.end() || expected_at != expected.end()) {
      report.Add("read on member ", read.member, " at revision ", read.revision, " shows ",
                 at == read.kvs.end() ? "(end)" : Describe(*at), " instead of ",
                 expected_at == expected.end() ? "(end)" : Describe(*expected_at));
    }
  }
  return std::move(report).Take();
}

Violations CheckHistory(const History& history) {
  Violations all;
  auto append = [&all](Violations more) { std::ranges::move(more, std::back_inserter(all)); };
  if (history.watches.empty()) return {"no watch in the history: nothing to judge it by"};
  for (const WatchRecord& watch : history.watches) {
    append(CheckWatch(watch));
    append(CheckEventContents(watch));
  }
  append(CheckWatchesAgree(history.watches));
  const std::vector<EventRecord>& events =
      std::ranges::max_element(history.watches, {}, [](const WatchRecord& watch) {
        return watch.events.size();
      })->events;
  append(CheckWritesHappened(history.writes, events));
  append(CheckRealTimeOrder(history.writes, events));
  append(CheckReads(history, events));
  return all;
}

}  // namespace stele::process
