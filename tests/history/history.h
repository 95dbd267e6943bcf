// What a run observed, of real processes or simulated ones: every operation of every client, every
// response to every watch, and the sequence of revisions that the cluster went through. Plain
// values, noted while a run lasts and judged afterwards by history_checks.h.
//
// Times are of one clock that all observers share, in any unit. Values of puts are unique over a
// run, so that a change can be traced to the step that caused it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stele::history {

enum class Outcome : std::uint8_t {
  kAcknowledged,  // the server said yes
  kRefused,       // it certainly did not and will not happen
  kUnknown,       // time-out or broken connection: it happened once or not at all
};

// Why an operation was refused, where that can be judged.
enum class Refusal : std::uint8_t { kOther, kCompacted, kFutureRevision, kLeaseNotFound };

struct KeyVersion {
  std::string key = {};
  std::string value = {};
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
  std::int64_t version = 0;  // 0 in an event that deletes
  std::int64_t lease = 0;

  friend bool operator==(const KeyVersion&, const KeyVersion&) = default;
};

// A comparison of a transaction; a missing key compares as zeros, and as no value at all.
struct Compare {
  enum class Target : std::uint8_t { kVersion, kCreate, kMod, kValue, kLease };
  enum class Relation : std::uint8_t { kEqual, kGreater, kLess, kNotEqual };
  std::string key;
  Target target = Target::kVersion;
  Relation relation = Relation::kEqual;
  std::int64_t number = 0;
  std::string value = {};
};

struct Nested;

// One step of a transaction, or all of a simple request. Ranges are as in the API.
struct Step {
  enum class Kind : std::uint8_t { kPut, kDelete, kRange, kTxn };
  Kind kind = Kind::kRange;
  std::string key;
  std::string range_end = {};
  // Of puts and deletions.
  std::string value = {};
  std::int64_t lease = 0;
  bool prev_kv = false;
  bool ignore_value = false;
  bool ignore_lease = false;
  // Of ranges.
  std::int64_t revision = 0;
  std::int64_t limit = 0;
  bool count_only = false;
  bool keys_only = false;
  // Of transactions within a transaction, and of nothing else.
  std::shared_ptr<const Nested> nested = {};
};

struct Nested {
  std::vector<Compare> compares = {};
  std::vector<Step> success = {};
  std::vector<Step> failure = {};
};

struct StepResult {
  std::vector<KeyVersion> kvs = {};  // found, or as they were before
  std::int64_t count = 0;            // of a range or deletion
  bool more = false;
  // Of a transaction within a transaction.
  bool succeeded = true;
  std::vector<StepResult> results = {};
};

// A request of a client: a transaction, of which the others are simple forms.
struct Operation {
  std::vector<Compare> compares = {};
  std::vector<Step> success = {};
  std::vector<Step> failure = {};
  bool serializable = false;

  std::int64_t start = 0;  // before the call
  std::int64_t end = 0;    // after the reply
  Outcome outcome = Outcome::kUnknown;
  Refusal refusal = Refusal::kOther;
  std::int64_t revision = 0;  // of the reply's header
  bool succeeded = true;      // which branch ran
  std::vector<StepResult> results = {};

  int member = 0;
  // A life of a member: within one, serializable reads never go back. 0: unknown.
  std::uint64_t session = 0;
};

struct Change {
  std::string key;
  std::string value = {};  // empty for a deletion
  bool deletes = false;
  std::int64_t lease = 0;

  friend bool operator==(const Change&, const Change&) = default;
};

// The canonical history: what happened at one revision.
struct RevisionRecord {
  std::int64_t revision = 0;
  std::int64_t time = 0;  // when a member first applied it, or it was first seen; 0 if unknown
  std::vector<Change> changes = {};
};

struct Compaction {
  std::int64_t revision = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  Outcome outcome = Outcome::kUnknown;
};

struct EventRecord {
  bool deletes = false;
  KeyVersion kv;
  std::optional<KeyVersion> previous = {};  // as sent by the server
};

struct WatchResponse {
  enum class Kind : std::uint8_t { kCreated, kEvents, kProgress, kCanceled };
  Kind kind = Kind::kEvents;
  std::int64_t revision = 0;  // of the header
  std::int64_t compact_revision = 0;
  std::int64_t time = 0;
  std::vector<EventRecord> events = {};
};

// One watch on one stream.
struct WatchSession {
  std::int64_t start_revision = 0;  // as asked for; 0: from now
  std::vector<WatchResponse> responses = {};
};

// One watcher through every break and resumption.
struct WatchRecord {
  std::string name;
  std::string key = {};  // range as in the API
  std::string range_end = {};
  bool with_previous = false;
  bool no_put = false;
  bool no_delete = false;
  bool fragment = false;
  std::vector<WatchSession> sessions = {};
  // The last session is expected to have delivered everything up to here; 0: nothing is expected.
  std::int64_t complete_to = 0;
};

struct LeaseRequest {
  enum class Kind : std::uint8_t { kGrant, kRenew, kRevoke };
  Kind kind = Kind::kGrant;
  std::int64_t id = 0;
  std::int64_t ttl = 0;  // promised by the answer, in units of time; 0: there is no such lease
  std::int64_t start = 0;
  std::int64_t end = 0;
  Outcome outcome = Outcome::kUnknown;
};

// A lease as the cluster applied it. Who cannot look into the members gives the first time and the
// first revision by which the grant or the revoke must have happened.
struct LeaseLife {
  std::int64_t id = 0;
  std::int64_t ttl = 0;
  std::int64_t granted = 0;            // when a member first applied the grant
  std::int64_t revoked = 0;            // likewise; 0: it lives
  std::int64_t revoked_revision = 0;   // current revision after the revoke
  std::int64_t lived_until_after = 0;  // it was revoked after this; 0: `revoked` is exact

  // When it can have ended at the earliest. REQUIRES: revoked is not 0.
  std::int64_t EarliestEnd() const { return lived_until_after != 0 ? lived_until_after : revoked; }
};

struct History {
  std::vector<RevisionRecord> revisions;  // ascending from 2, without gaps
  std::vector<Operation> operations;
  std::vector<Compaction> compactions;
  std::vector<WatchRecord> watches;
  std::vector<LeaseRequest> lease_requests;
  std::vector<LeaseLife> leases;
  std::int64_t end = 0;  // when the run ended

  // A leader's clock may run faster than ours by this share.
  double clock_drift = 0;
  // A lease nobody renewed is gone within its TTL and so much, if the run went on that long after
  // `calm_since`.
  std::int64_t calm_since = 0;
  std::int64_t expiry_slack = 0;
};

}  // namespace stele::history
