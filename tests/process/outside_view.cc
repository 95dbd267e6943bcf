#include "tests/process/outside_view.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/history/history_checks.h"
#include "tests/history/steps.h"

namespace stele::process {
namespace {

using history::History;
using history::LeaseLife;
using history::LeaseRequest;
using history::Operation;
using history::Outcome;
using history::RevisionRecord;
using history::Step;
using history::WatchRecord;

bool IsOfEverything(const WatchRecord& watch) {
  const std::string zero(1, '\0');
  return watch.key == zero && watch.range_end == zero && !watch.no_put && !watch.no_delete &&
         !watch.fragment;
}

// By revision: the first time at which it or a later one was seen.
std::map<std::int64_t, std::int64_t> FirstSights(const History& history) {
  std::map<std::int64_t, std::int64_t> sights;
  const auto see = [&sights](std::int64_t revision, std::int64_t time) {
    const auto [known, is_new] = sights.emplace(revision, time);
    if (!is_new) known->second = std::min(known->second, time);
  };
  for (const Operation& operation : history.operations) {
    if (operation.outcome == Outcome::kAcknowledged) see(operation.revision, operation.end);
  }
  for (const WatchRecord& watch : history.watches) {
    for (const history::WatchSession& session : watch.sessions) {
      for (const history::WatchResponse& response : session.responses) {
        std::int64_t revision = response.revision;
        for (const auto& event : response.events) {
          revision = std::max(revision, event.kv.mod_revision);
        }
        see(revision, response.time);
      }
    }
  }
  std::int64_t earliest = INT64_MAX;
  std::for_each(sights.rbegin(), sights.rend(), [&earliest](auto& sight) {
    sight.second = earliest = std::min(earliest, sight.second);
  });
  return sights;
}

// Times at which a revision was not there yet, and revisions that were there at a time; from
// linearizable answers.
class Bounds {
 public:
  explicit Bounds(const History& history) {
    for (const Operation& operation : history.operations) {
      if (operation.outcome != Outcome::kAcknowledged || operation.serializable) continue;
      std::int64_t& latest = latest_start_[operation.revision];
      latest = std::max(latest, operation.start);
    }
    std::int64_t highest = 0;
    for (auto& [revision, start] : latest_start_) start = highest = std::max(highest, start);
  }
  // `revision` was made after this time.
  std::int64_t MadeAfter(std::int64_t revision) const {
    const auto next = latest_start_.lower_bound(revision);
    return next == latest_start_.begin() ? 1 : std::max<std::int64_t>(std::prev(next)->second, 1);
  }
  // The cluster was at this revision or an earlier one at `time`.
  std::int64_t RevisionBy(std::int64_t time) const {
    for (const auto& [revision, start] : latest_start_) {
      if (start > time) return revision;
    }
    return INT64_MAX;
  }

 private:
  std::map<std::int64_t, std::int64_t> latest_start_;  // of answers with up to this revision
};

// What the requests say about a lease.
struct Told {
  std::int64_t granted = 0;  // when the answer came
  std::int64_t ttl = 0;
  std::int64_t lives_until = 0;
  std::int64_t revoke_asked = INT64_MAX;
  std::int64_t gone_by = INT64_MAX;
};

std::map<std::int64_t, Told> WhatWasTold(const History& history) {
  std::map<std::int64_t, Told> told;
  for (const LeaseRequest& request : history.lease_requests) {
    Told& lease = told[request.id];
    const bool acknowledged = request.outcome == Outcome::kAcknowledged;
    if (request.kind == LeaseRequest::Kind::kRevoke) {
      lease.revoke_asked = std::min(lease.revoke_asked, request.start);
      if (acknowledged) lease.gone_by = std::min(lease.gone_by, request.end);
      continue;
    }
    if (!acknowledged) continue;
    if (request.kind == LeaseRequest::Kind::kGrant) {
      lease.granted = request.end;
      lease.ttl = request.ttl;
    }
    if (request.ttl == 0) {
      lease.gone_by = std::min(lease.gone_by, request.end);
    } else {
      lease.lives_until = std::max(lease.lives_until, request.start + request.ttl);
    }
  }
  return told;
}

class Ends {
 public:
  Ends(const History& history, const std::map<std::int64_t, Told>& told) : told_(told) {
    for (const Operation& operation : history.operations) {
      if (operation.outcome == Outcome::kAcknowledged && history::ChangedSomething(operation)) {
        made_.insert(operation.revision);
      }
      if (operation.outcome == Outcome::kUnknown) unknown_.push_back(&operation);
    }
    for (const RevisionRecord& record : history.revisions) Take(record);
  }

  // The revision that ended the lease, or null.
  const RevisionRecord* Of(std::int64_t lease) const {
    const auto found = end_.find(lease);
    return found == end_.end() ? nullptr : found->second;
  }

 private:
  void Take(const RevisionRecord& record) {
    const std::int64_t lease = LeaseThatEnds(record);
    if (lease != 0 && !made_.contains(record.revision) && !IsRatherOfSomebody(record, lease)) {
      end_[lease] = &record;
    }
    for (const history::Change& change : record.changes) {
      std::int64_t& attached = lease_of_[change.key];
      if (attached != 0) --keys_of_[attached];
      attached = change.deletes ? 0 : change.lease;
      if (attached == 0) continue;
      ++keys_of_[attached];
      end_.erase(attached);  // then that was not its end
    }
  }

  std::int64_t LeaseThatEnds(const RevisionRecord& record) const {
    std::int64_t lease = 0;
    for (const history::Change& change : record.changes) {
      const auto attached = lease_of_.find(change.key);
      if (!change.deletes || attached == lease_of_.end() || attached->second == 0) return 0;
      if (lease != 0 && attached->second != lease) return 0;
      lease = attached->second;
    }
    const auto keys = keys_of_.find(lease);
    return keys != keys_of_.end() && keys->second == std::ssize(record.changes) ? lease : 0;
  }

  // A deletion whose outcome nobody knows may have done it, if the lease had no reason to end.
  bool IsRatherOfSomebody(const RevisionRecord& record, std::int64_t lease) const {
    const auto told = told_.find(lease);
    if (told == told_.end()) return false;
    if (record.time >= told->second.lives_until || record.time >= told->second.revoke_asked) {
      return false;
    }
    const std::string& key = record.changes.front().key;
    return std::ranges::any_of(unknown_, [&](const Operation* operation) {
      bool fits = false;
      history::ForEachStep(*operation, [&](const Step& step) {
        if (step.kind != Step::Kind::kDelete) return;
        fits = fits || step.key == key || (step.key <= key && key < step.range_end);
      });
      return fits && operation->start <= record.time;
    });
  }

  const std::map<std::int64_t, Told>& told_;
  std::set<std::int64_t> made_;  // revisions of acknowledged writes
  std::vector<const Operation*> unknown_;
  std::map<std::string, std::int64_t> lease_of_;
  std::map<std::int64_t, std::int64_t> keys_of_;  // how many
  std::map<std::int64_t, const RevisionRecord*> end_;
};

}  // namespace

void FindRevisions(History* history) {
  std::map<std::int64_t, RevisionRecord> merged;
  for (const WatchRecord& watch : history->watches) {
    if (!IsOfEverything(watch)) continue;
    for (RevisionRecord& record : history::RevisionsSeenBy(watch)) {
      merged.emplace(record.revision, std::move(record));
    }
  }
  const std::map<std::int64_t, std::int64_t> sights = FirstSights(*history);
  for (auto& [revision, record] : merged) {
    const auto sight = sights.lower_bound(revision);
    if (sight != sights.end()) record.time = sight->second;
    history->revisions.push_back(std::move(record));
  }
}

void FindLeaseLives(std::int64_t none_left_since, History* history) {
  const std::map<std::int64_t, Told> told = WhatWasTold(*history);
  const Ends ends(*history, told);
  const Bounds bounds(*history);
  for (const auto& [id, lease] : told) {
    if (lease.granted == 0) continue;
    LeaseLife life{.id = id, .ttl = lease.ttl, .granted = lease.granted};
    std::int64_t gone_by = lease.gone_by;
    if (none_left_since != 0) gone_by = std::min(gone_by, none_left_since);
    const RevisionRecord* end = ends.Of(id);
    if (end != nullptr) {
      life.revoked = std::min(gone_by, end->time);
      life.revoked_revision = end->revision;
      life.lived_until_after = bounds.MadeAfter(end->revision);
    } else if (gone_by != INT64_MAX) {
      life.revoked = gone_by;
      const std::int64_t last = history->revisions.empty() ? 1 : history->revisions.back().revision;
      life.revoked_revision = std::min(bounds.RevisionBy(gone_by), last);
      life.lived_until_after = 1;
    }
    history->leases.push_back(life);
  }
}

}  // namespace stele::process
