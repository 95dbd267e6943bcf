// Mutants of the judge's input: a good history with one thing wrong must be rejected, for the right
// reason; the history itself is accepted.

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>

#include "gtest/gtest.h"
#include "tests/history/good_history.h"
#include "tests/history/history_checks.h"

namespace stele::history {
namespace {

struct Corruption {
  std::string name;
  std::string check;  // that must reject it first or among others
  std::function<void(History*)> corrupt;
};

void PrintTo(const Corruption& corruption, std::ostream* out) { *out << corruption.name; }

History Good() { return MakeGoodHistory({.seed = 7, .operations = 3000}); }

// The n-th acknowledged operation that `wanted` accepts; fails the test if there is none.
template <class Wanted>
Operation& Pick(History* history, int n, Wanted wanted) {
  for (Operation& operation : history->operations) {
    if (operation.outcome == Outcome::kAcknowledged && wanted(operation) && n-- == 0) {
      return operation;
    }
  }
  ADD_FAILURE() << "the history has no such operation";
  return history->operations.front();
}

bool IsPut(const Operation& operation) {
  return operation.compares.empty() && operation.success.size() == 1 &&
         operation.success[0].kind == Step::Kind::kPut && operation.success[0].lease == 0;
}
bool IsPutShowingBefore(const Operation& operation) {
  return IsPut(operation) && !operation.results[0].kvs.empty();
}
bool IsEffectiveDelete(const Operation& operation) {
  return operation.success[0].kind == Step::Kind::kDelete && operation.results[0].count == 1;
}
bool IsLinearizableRead(const Operation& operation) {
  return operation.success[0].kind == Step::Kind::kRange && !operation.serializable &&
         !operation.results[0].kvs.empty();
}
bool IsSerializableRead(const Operation& operation) {
  return operation.serializable && operation.revision > 100;
}

// The responses of the second session of the watcher of everything.
std::vector<WatchResponse>& Responses(History* history, std::size_t watch = 0) {
  return history->watches[watch].sessions[1].responses;
}
// A response in the middle that carries an event that `wanted` accepts.
template <class Wanted>
std::vector<WatchResponse>::iterator PickResponse(History* history, Wanted wanted,
                                                  std::size_t watch = 0) {
  std::vector<WatchResponse>& responses = Responses(history, watch);
  return std::find_if(responses.begin() + 20, responses.end() - 10,
                      [&](const WatchResponse& response) {
                        return !response.events.empty() && wanted(response.events.front());
                      });
}
bool Any(const EventRecord& /*event*/) { return true; }

const std::vector<Corruption>& Corruptions() {
  static const std::vector<Corruption> corruptions = {
      {"AckedWriteMissing", "acked-write-lost",
       [](History* h) {
         Operation extra = Pick(h, 50, IsPut);
         extra.success[0].value = "lost";
         extra.results[0].kvs.clear();
         h->operations.push_back(extra);
       }},
      {"AckedAboveTheLast", "acked-write-lost",
       [](History* h) { Pick(h, 50, IsPut).revision += 1'000'000; }},
      {"RevisionsSwapped", "acked-write-lost",
       [](History* h) { std::swap(Pick(h, 50, IsPut).revision, Pick(h, 51, IsPut).revision); }},
      {"RefusedWritePresent", "refused-write-present",
       [](History* h) { Pick(h, 50, IsPut).outcome = Outcome::kRefused; }},
      {"WriteAppliedTwice", "value-written-twice",
       [](History* h) {
         RevisionRecord again = h->revisions[50];
         again.revision = h->revisions.back().revision + 1;
         again.time = h->revisions.back().time + 10;
         h->revisions.push_back(again);
       }},
      {"RevisionOutOfNowhere", "revision-without-a-write",
       [](History* h) {
         h->revisions.push_back({h->revisions.back().revision + 1, h->end, {{"k101", "ghost"}}});
       }},
      {"ResurrectedDelete", "revision-without-a-write",
       [](History* h) {
         std::erase_if(h->operations, [n = 0](const Operation& each) mutable {
           return each.outcome == Outcome::kAcknowledged && IsEffectiveDelete(each) && n++ == 5;
         });
       }},
      {"StaleRead", "stale-read",
       [](History* h) {
         Operation& read = Pick(h, 100, IsLinearizableRead);
         read.start += 5000;
         read.end += 5000;
       }},
      {"ReadFromTheFuture", "read-from-the-future",
       [](History* h) {
         Operation& read = Pick(h, 100, [](const Operation& each) {
           return IsLinearizableRead(each) && each.revision > 500;
         });
         read.start -= 5000;
         read.end -= 5000;
       }},
      {"ReadOfAnotherValue", "read-content",
       [](History* h) { Pick(h, 100, IsLinearizableRead).results[0].kvs[0].value += "x"; }},
      {"ReadWithoutAKey", "read-content",
       [](History* h) { Pick(h, 100, IsLinearizableRead).results[0].kvs.pop_back(); }},
      {"WrongCount", "read-content",
       [](History* h) { ++Pick(h, 100, IsLinearizableRead).results[0].count; }},
      {"SerializableContent", "serializable-read",
       [](History* h) {
         Pick(h, 20,
              [](const Operation& each) {
                return each.serializable && !each.results[0].kvs.empty();
              })
             .results[0]
             .kvs[0]
             .version += 1;
       }},
      {"SerializableGoesBack", "serializable-goes-back",
       [](History* h) {
         Operation& read = Pick(h, 20, IsSerializableRead);
         read.start += 3000;
         read.end += 3000;
       }},
      {"WriteBeforeItWasAsked", "real-time-order",
       [](History* h) {
         Operation& write = Pick(h, 50, IsPut);
         write.start += 2000;
         write.end += 2000;
       }},
      {"WrongPreviousInReply", "write-reply",
       [](History* h) { --Pick(h, 20, IsPutShowingBefore).results[0].kvs[0].version; }},
      {"TransactionTookTheOtherBranch", "write-reply",
       [](History* h) {
         ++Pick(h, 5, [](const Operation& each) { return !each.compares.empty(); })
               .compares[0]
               .number;
       }},
      {"TransactionTorn", "acked-write-lost",
       [](History* h) {
         const Operation& txn =
             Pick(h, 5, [](const Operation& each) { return !each.compares.empty(); });
         h->revisions[static_cast<std::size_t>(txn.revision - 2)].changes.pop_back();
       }},
      {"RevisionSkipped", "dense-revisions",
       [](History* h) { h->revisions.erase(h->revisions.end() - 20); }},
      {"EventDropped", "missing-event",
       [](History* h) { Responses(h).erase(PickResponse(h, Any)); }},
      {"LastEventsDropped", "missing-event",
       [](History* h) {
         std::vector<WatchResponse>& all = Responses(h);
         all.erase(all.end() - 6, all.end());
       }},
      {"EventDuplicated", "duplicated-event",
       [](History* h) {
         const auto at = PickResponse(h, Any);
         Responses(h).insert(at, *at);
       }},
      {"EventsSwapped", "missing-event",
       [](History* h) {
         const auto at = PickResponse(h, Any);
         std::swap(*at, *(at + 1));
       }},
      {"EventFromThePast", "unordered-event",
       [](History* h) {
         const auto at = PickResponse(h, Any);
         at[5].events.push_back(at->events.front());
       }},
      {"EventAfterCancel", "event-after-cancel",
       [](History* h) {
         const WatchResponse cancel{.kind = WatchResponse::Kind::kCanceled};
         Responses(h).insert(Responses(h).end() - 10, cancel);
       }},
      {"ProgressTooNew", "progress",
       [](History* h) {
         const auto at = PickResponse(h, Any);
         const WatchResponse early{.kind = WatchResponse::Kind::kProgress,
                                   .revision = at->events[0].kv.mod_revision};
         Responses(h).insert(at, early);
       }},
      {"EventWithWrongVersion", "event-content",
       [](History* h) {
         ++PickResponse(h, [](const EventRecord& each) { return !each.deletes; })
               ->events[0]
               .kv.version;
       }},
      {"CreationForgotten", "event-content",
       [](History* h) {
         auto at = PickResponse(h, [](const EventRecord& each) { return each.kv.version > 1; });
         at->events[0].kv.create_revision = at->events[0].kv.mod_revision;
       }},
      {"WrongPreviousInEvent", "previous-value",
       [](History* h) {
         PickResponse(h, [](const EventRecord& each) { return each.previous.has_value(); })
             ->events[0]
             .previous->value += "x";
       }},
      {"PreviousMissing", "previous-value",
       [](History* h) {
         PickResponse(h, [](const EventRecord& each) { return each.previous.has_value(); })
             ->events[0]
             .previous.reset();
       }},
      {"RevisionSplit", "split-revision",
       [](History* h) {
         std::vector<WatchResponse>& all = Responses(h);
         auto at = std::find_if(all.begin(), all.end(), [](const WatchResponse& response) {
           return response.events.size() == 2;
         });
         WatchResponse rest = *at;
         at->events.pop_back();
         rest.events.erase(rest.events.begin());
         all.insert(at + 1, rest);
       }},
      {"FilteredEventSent", "filter",
       [](History* h) {
         const auto foreign =
             PickResponse(h, [](const EventRecord& each) { return each.kv.key != "k105"; });
         Responses(h, 1).insert(Responses(h, 1).begin() + 1, *foreign);
       }},
      {"FutureWatchTold", "future-watch",
       [](History* h) {
         const WatchResponse early = *(PickResponse(h, Any) - 10);
         h->watches[0].sessions[1].start_revision += 500;
         Responses(h) = {Responses(h).front(), early};
       }},
      {"CanceledWithoutCompaction", "compacted-cancel",
       [](History* h) {
         const WatchResponse cancel{.kind = WatchResponse::Kind::kCanceled, .compact_revision = 9};
         Responses(h).push_back(cancel);
       }},
      {"LeaseExpiredEarly", "lease-expired-early",
       [](History* h) {
         for (LeaseRequest& request : h->lease_requests) {
           if (request.id == 1001) request.ttl += 50;
         }
       }},
      {"LeaseNeverExpired", "lease-never-expired", [](History* h) { h->leases[3].revoked = 0; }},
      {"DeadLeaseRenewed", "dead-lease-renewed",
       [](History* h) {
         LeaseRequest late = h->lease_requests.front();
         late.kind = LeaseRequest::Kind::kRenew;
         late.start = h->leases.front().revoked + 100;
         late.end = late.start + 1;
         h->lease_requests.push_back(late);
       }},
      {"KeyOutlivesItsLease", "key-outlives-lease",
       [](History* h) { --h->leases[3].revoked_revision; }},
      {"PutOnDeadLease", "put-on-dead-lease",
       [](History* h) {
         const LeaseLife& dead = h->leases[3];
         for (RevisionRecord& record : h->revisions) {
           if (record.revision < dead.revoked_revision + 5 || record.changes[0].deletes) continue;
           record.changes[0].lease = dead.id;
           break;
         }
       }},
  };
  return corruptions;
}

class CorruptedHistoryTest : public ::testing::TestWithParam<Corruption> {};

TEST_P(CorruptedHistoryTest, IsRejectedForTheRightReason) {
  History history = Good();
  GetParam().corrupt(&history);
  const Violations violations = CheckHistory(history);
  ASSERT_FALSE(violations.empty());
  const bool named = std::ranges::any_of(
      violations, [](const Violation& violation) { return violation.check == GetParam().check; });
  EXPECT_TRUE(named) << "not " << GetParam().check << " but " << Explain(history, violations);
}

INSTANTIATE_TEST_SUITE_P(All, CorruptedHistoryTest, ::testing::ValuesIn(Corruptions()),
                         [](const ::testing::TestParamInfo<Corruption>& corruption) {
                           return corruption.param.name;
                         });

TEST(GoodHistoryTest, IsAccepted) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const History history = MakeGoodHistory({.seed = seed, .operations = 2000});
    const Violations violations = CheckHistory(history);
    EXPECT_TRUE(violations.empty()) << "seed " << seed << ": " << Explain(history, violations);
  }
}

TEST(ExplainTest, ShowsWhatHappenedAround) {
  History history = Good();
  Operation& read = Pick(&history, 100, IsLinearizableRead);
  read.results[0].kvs[0].value = "x";
  const std::string text = Explain(history, CheckHistory(history));
  EXPECT_NE(text.find("read-content: acknowledged range"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    " + std::to_string(read.revision) + ":"), std::string::npos) << text;
  EXPECT_LE(std::ranges::count(text, '\n'), 22);
}

}  // namespace
}  // namespace stele::history
