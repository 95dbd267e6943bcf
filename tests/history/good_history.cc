#include "tests/history/good_history.h"

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace stele::history {
namespace {

// Operations take effect one after the other, at 10, 20, 30 ...; around that instant each is
// stretched, so that neighbours overlap.
class Store {
 public:
  explicit Store(const GoodHistoryOptions& options) : options_(options), random_(options.seed) {
    history_.end = static_cast<std::int64_t>(options.operations + 1000) * 10;
  }

  History Make() {
    for (std::size_t i = 0; i < options_.operations; ++i) {
      now_ += 10;
      if (i % 97 == 50) Lease();
      One();
    }
    Compact();
    for (std::size_t i = 0; i < options_.watchers; ++i) Watch(i);
    return std::move(history_);
  }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }
  std::string AnyKey() { return absl::StrCat("k", 100 + Below(options_.keys)); }

  Operation Begin() {
    Operation operation;
    operation.start = now_ - static_cast<std::int64_t>(Below(25));
    operation.end = now_ + static_cast<std::int64_t>(Below(25));
    operation.outcome = Outcome::kAcknowledged;
    return operation;
  }

  void One() {
    Operation operation = Begin();
    const std::size_t kind = Below(20);
    if (kind < 10) {
      Put(AnyKey(), 0, Below(4) == 0, &operation);
    } else if (kind < 12) {
      Delete(AnyKey(), &operation);
    } else if (kind < 13) {
      Transfer(&operation);
    } else {
      Range(kind, &operation);
    }
    operation.revision = revision_;
    if (Below(50) == 0 && operation.success[0].kind == Step::Kind::kPut) {
      operation.outcome = Outcome::kUnknown;
      operation.end = now_ + 500;
      operation.revision = 0;
      operation.results.clear();
    }
    history_.operations.push_back(std::move(operation));
  }

  RevisionRecord& NewRevision() {
    ++revision_;
    history_.revisions.push_back({.revision = revision_, .time = now_});
    return history_.revisions.back();
  }

  void Put(const std::string& key, std::int64_t lease, bool prev_kv, Operation* operation) {
    const std::string value = absl::StrCat("v", next_value_++);
    operation->success.push_back(
        {.kind = Step::Kind::kPut, .key = key, .value = value, .lease = lease, .prev_kv = prev_kv});
    StepResult& result = operation->results.emplace_back();
    KeyVersion& kv = keys_[key];
    if (prev_kv && kv.version > 0) result.kvs.push_back(kv);
    NewRevision().changes.push_back({key, value, false, lease});
    const std::int64_t create = kv.version > 0 ? kv.create_revision : revision_;
    const KeyVersion before = kv;
    kv = {key, value, create, revision_, kv.version + 1, lease};
    events_.push_back({{.kv = kv}, before});
  }

  void Delete(const std::string& key, Operation* operation) {
    operation->success.push_back({.kind = Step::Kind::kDelete, .key = key});
    StepResult& result = operation->results.emplace_back();
    const auto found = keys_.find(key);
    if (found == keys_.end()) return;
    result.count = 1;
    Remove(found->first, &NewRevision());
  }

  void Remove(const std::string& key, RevisionRecord* record) {
    record->changes.push_back({.key = key, .deletes = true});
    EventRecord event{.deletes = true, .kv = {.key = key, .mod_revision = revision_}};
    events_.emplace_back(event, keys_[key]);
    keys_.erase(record->changes.back().key);
  }

  // Two puts in one transaction, if a key is as it is.
  void Transfer(Operation* operation) {
    const std::string key = AnyKey();
    const auto found = keys_.find(key);
    operation->compares.push_back(
        {.key = key,
         .target = Compare::Target::kMod,
         .number = found == keys_.end() ? 0 : found->second.mod_revision});
    Put("a-first", 0, false, operation);
    const std::string value = absl::StrCat("v", next_value_++);
    operation->success.push_back({.kind = Step::Kind::kPut, .key = "b-second", .value = value});
    operation->results.emplace_back();
    history_.revisions.back().changes.push_back({"b-second", value});
    KeyVersion& kv = keys_["b-second"];
    const KeyVersion before = kv;
    kv = {"b-second",
          value,
          before.version > 0 ? before.create_revision : revision_,
          revision_,
          before.version + 1,
          0};
    events_.push_back({{.kv = kv}, before});
  }

  void Range(std::size_t kind, Operation* operation) {
    Step step{.kind = Step::Kind::kRange, .key = AnyKey()};
    if (kind == 13) step.range_end = step.key + "5";
    if (kind == 14) {
      step.range_end = "z";
      step.limit = 3;
    }
    operation->serializable = kind == 15;
    operation->session = 1;
    StepResult& result = operation->results.emplace_back();
    auto at = keys_.lower_bound(step.key);
    for (; at != keys_.end(); ++at) {
      if (step.range_end.empty() ? at->first != step.key : at->first >= step.range_end) break;
      ++result.count;
      if (step.limit == 0 || result.count <= step.limit) result.kvs.push_back(at->second);
    }
    result.more = step.limit > 0 && result.count > step.limit;
    operation->success.push_back(std::move(step));
    // A serializable read of one member must not go back within its session.
    if (operation->serializable) operation->start = operation->end = now_;
    if (!operation->serializable) operation->session = 0;
  }

  // Granted now, renewed once, expired in time; every other one is revoked by a client.
  void Lease() {
    const auto id = static_cast<std::int64_t>(1000 + history_.leases.size());
    constexpr std::int64_t kTtl = 40;
    LeaseLife life{.id = id, .ttl = kTtl, .granted = now_};
    history_.lease_requests.push_back({.kind = LeaseRequest::Kind::kGrant,
                                       .id = id,
                                       .ttl = kTtl,
                                       .start = now_,
                                       .end = now_ + 5,
                                       .outcome = Outcome::kAcknowledged});
    now_ += 10;
    Operation operation = Begin();
    const std::string key = absl::StrCat("leased", id % 10);
    Put(key, id, false, &operation);
    operation.revision = revision_;
    history_.operations.push_back(std::move(operation));
    LeaseRequest renew = history_.lease_requests.back();
    renew.kind = LeaseRequest::Kind::kRenew;
    renew.start = now_;
    renew.end = now_ + 3;
    history_.lease_requests.push_back(renew);
    if (id % 2 == 0) {
      renew.kind = LeaseRequest::Kind::kRevoke;
      renew.start = now_ + 5;
      renew.end = now_ + 15;
      history_.lease_requests.push_back(renew);
      now_ += 10;
    } else {
      now_ += kTtl + 10;
    }
    Remove(key, &NewRevision());
    life.revoked = now_;
    life.revoked_revision = revision_;
    history_.leases.push_back(life);
  }

  void Compact() {
    history_.compactions.push_back({.revision = 5,
                                    .start = now_ + 1000,
                                    .end = now_ + 1010,
                                    .outcome = Outcome::kAcknowledged});
  }

  // Two sessions, the second one resumed behind what the first one saw; progress at the end. The
  // first watcher watches everything from the first revision on.
  void Watch(std::size_t number) {
    WatchRecord watch{.name = absl::StrCat("watcher ", number), .complete_to = revision_};
    watch.key = number == 0 ? "a" : "k105";
    watch.range_end = number == 0 ? "z" : number % 2 == 1 ? "" : "k112";
    watch.with_previous = number % 2 == 0;
    watch.no_delete = number % 4 == 3;
    const std::int64_t start = number == 0 ? 1 : static_cast<std::int64_t>(number) * 3;
    const std::int64_t resumes = revision_ / 2;
    for (const std::int64_t from : {start, resumes + 1}) {
      WatchSession& session = watch.sessions.emplace_back();
      session.start_revision = from;
      session.responses.push_back({.kind = WatchResponse::Kind::kCreated, .time = now_});
      const std::int64_t to = from == start ? resumes : revision_;
      for (const auto& [event, before] : events_) {
        const std::int64_t revision = event.kv.mod_revision;
        if (revision < from || revision > to || (event.deletes && watch.no_delete)) continue;
        const bool inside = watch.range_end.empty()
                                ? event.kv.key == watch.key
                                : event.kv.key >= watch.key && event.kv.key < watch.range_end;
        if (!inside) continue;
        std::vector<WatchResponse>& responses = session.responses;
        if (responses.back().revision != revision) {
          responses.push_back({.revision = revision, .time = now_});
        }
        responses.back().events.push_back(event);
        if (watch.with_previous && before.version > 0) {
          responses.back().events.back().previous = before;
        }
      }
      session.responses.push_back(
          {.kind = WatchResponse::Kind::kProgress, .revision = to, .time = now_});
    }
    history_.watches.push_back(std::move(watch));
  }

  const GoodHistoryOptions options_;
  std::mt19937_64 random_;
  History history_;
  std::int64_t now_ = 1000;
  std::int64_t revision_ = 1;
  std::uint64_t next_value_ = 1;
  std::map<std::string, KeyVersion> keys_;
  std::vector<std::pair<EventRecord, KeyVersion>> events_;  // with what was before
};

}  // namespace

History MakeGoodHistory(const GoodHistoryOptions& options) { return Store(options).Make(); }

}  // namespace stele::history
