// Leases: what the answers promised about time, against when the cluster removed them.
#include <algorithm>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "tests/history/history_checks.h"

namespace stele::history {
namespace {

struct Promises {
  std::int64_t lives_until = 0;       // the latest promise kept to the letter
  std::int64_t last_attempt_end = 0;  // of anything that may have renewed it
  std::int64_t ttl = 0;
  std::int64_t revoke_asked = INT64_MAX;  // by a client, first
};

using Lives = absl::flat_hash_map<std::int64_t, const LeaseLife*>;

// No key hangs on a lease that never was, or still does when the lease is gone.
void CheckAttachments(const RevisionModel& model, const Lives& lives, Report* report) {
  const auto judge = [&](const std::string& key, const RevisionModel::Version& version,
                         std::int64_t until) {
    if (version.lease == 0) return;
    const auto life = lives.find(version.lease);
    if (life == lives.end() ||
        (life->second->revoked != 0 && life->second->revoked_revision < version.mod)) {
      report->Add("put-on-dead-lease", version.mod,
                  absl::StrCat(key, " is attached to lease ", version.lease));
    } else if (life->second->revoked != 0 && life->second->revoked_revision < until) {
      report->Add("key-outlives-lease", life->second->revoked_revision,
                  absl::StrCat(key, " outlived lease ", version.lease));
    }
  };
  for (const RevisionModel::Event& event : model.EventsFrom(0)) {
    const RevisionModel::Version* before = model.VersionBefore(event);
    if (before != nullptr) judge(model.KeyOf(event.key), *before, event.revision);
  }
  const RevisionModel::KeyRange all =
      model.RangeOf(std::string_view("\0", 1), std::string_view("\0", 1));
  for (RevisionModel::KeyRank key = all.begin; key < all.end; ++key) {
    const RevisionModel::Version* last = model.Find(key, model.current());
    if (last != nullptr) judge(model.KeyOf(key), *last, INT64_MAX);
  }
}

// The answer "there is no such lease" needs a moment at which there was none.
void CheckNotFound(const LeaseRequest& request, const Lives& lives, Report* report) {
  const auto life = lives.find(request.id);
  if (life == lives.end() || life->second->granted >= request.start) return;
  if (life->second->revoked != 0 && life->second->EarliestEnd() <= request.end) return;
  report->Add("live-lease-not-found", 0,
              absl::StrCat("lease ", request.id, " was not found from ", request.start, " to ",
                           request.end, " although it lived"));
}

}  // namespace

void CheckLeases(const History& history, const RevisionModel& model, Report* report) {
  absl::flat_hash_map<std::int64_t, Promises> promises;
  Lives lives;
  for (const LeaseLife& life : history.leases) {
    if (!lives.emplace(life.id, &life).second) {
      report->Add("lease-granted-twice", 0, absl::StrCat("lease ", life.id));
    }
  }
  for (const LeaseRequest& request : history.lease_requests) {
    Promises& of = promises[request.id];
    if (request.kind == LeaseRequest::Kind::kRevoke) {
      of.revoke_asked = std::min(of.revoke_asked, request.start);
      continue;
    }
    of.last_attempt_end = std::max(of.last_attempt_end, request.end);
    of.ttl = std::max(of.ttl, request.ttl);
    if (request.outcome != Outcome::kAcknowledged) continue;
    if (request.ttl == 0) {
      CheckNotFound(request, lives, report);
      continue;
    }
    const auto kept =
        static_cast<std::int64_t>(static_cast<double>(request.ttl) / (1.0 + history.clock_drift));
    of.lives_until = std::max(of.lives_until, request.start + kept);
    const auto life = lives.find(request.id);
    if (life == lives.end()) {
      report->Add("lease-of-nothing", 0, absl::StrCat("lease ", request.id, " was never granted"));
    } else if (life->second->revoked != 0 && life->second->revoked < request.start) {
      report->Add("dead-lease-renewed", life->second->revoked_revision,
                  absl::StrCat("lease ", request.id, " was renewed at ", request.start,
                               ", after it was gone at ", life->second->revoked));
    }
  }
  for (const LeaseLife& life : history.leases) {
    const Promises& of = promises[life.id];
    const std::int64_t last = std::max(of.last_attempt_end, life.granted);
    if (life.revoked != 0) {
      if (life.revoked < of.lives_until && life.revoked < of.revoke_asked) {
        report->Add("lease-expired-early", life.revoked_revision,
                    absl::StrCat("lease ", life.id, " is gone at ", life.revoked,
                                 " but was promised to live until ", of.lives_until));
      }
    } else if (std::max(last, history.calm_since) + life.ttl + history.expiry_slack < history.end) {
      report->Add("lease-never-expired", 0,
                  absl::StrCat("lease ", life.id, " of ", life.ttl, ", last renewed at ", last,
                               ", still lives at ", history.end));
    }
  }
  CheckAttachments(model, lives, report);
}

}  // namespace stele::history
