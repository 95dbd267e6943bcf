#include "tests/history/linearizable.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace stele::history {
namespace {

class Search {
 public:
  Search(const std::vector<RegisterOperation>& operations, std::string initial)
      : operations_(operations), state_(std::move(initial)), done_(operations.size(), '0') {
    by_start_.resize(operations.size());
    std::iota(by_start_.begin(), by_start_.end(), std::size_t{0});
    std::ranges::sort(by_start_, {}, [&](std::size_t i) { return operations[i].start; });
  }

  Linearizable Run(std::size_t steps_max) {
    while (taken_.size() < operations_.size()) {
      if (steps_max-- == 0) return Linearizable::kGaveUp;
      if (TakeNext()) continue;
      if (taken_.empty()) return Linearizable::kNo;
      Undo();
    }
    return Linearizable::kYes;
  }

 private:
  struct Taken {
    std::size_t operation;
    std::size_t place;  // in by_start_: where the search goes on after an undo
    std::string state_before;
  };

  // Takes the next operation that may come first among those left; false if none leads anywhere.
  bool TakeNext() {
    // Whatever starts after some operation left has ended cannot come before that one.
    std::int64_t first_end = INT64_MAX;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (done_[i] == '0') first_end = std::min(first_end, operations_[i].end);
    }
    for (std::size_t place = std::exchange(next_place_, 0); place < by_start_.size(); ++place) {
      const std::size_t i = by_start_[place];
      const RegisterOperation& operation = operations_[i];
      if (operation.start > first_end) break;
      if (done_[i] == '1' || (!operation.writes && operation.value != state_)) continue;
      done_[i] = '1';
      const std::string& after = operation.writes ? operation.value : state_;
      if (!tried_.insert(done_ + after).second) {
        done_[i] = '0';
        continue;
      }
      taken_.push_back({i, place, state_});
      if (operation.writes) state_ = operation.value;
      return true;
    }
    return false;
  }

  void Undo() {
    const Taken& last = taken_.back();
    done_[last.operation] = '0';
    state_ = last.state_before;
    next_place_ = last.place + 1;
    taken_.pop_back();
  }

  const std::vector<RegisterOperation>& operations_;
  std::vector<std::size_t> by_start_;
  std::string state_;
  std::string done_;  // a character for each operation
  std::size_t next_place_ = 0;
  std::vector<Taken> taken_;
  absl::flat_hash_set<std::string> tried_;
};

bool IsReadOf(const Operation& operation, const std::string& key) {
  return operation.outcome == Outcome::kAcknowledged && !operation.serializable &&
         operation.compares.empty() && operation.success.size() == 1 &&
         operation.success[0].kind == Step::Kind::kRange && operation.success[0].key == key &&
         operation.success[0].range_end.empty() && operation.success[0].revision == 0 &&
         !operation.success[0].count_only && !operation.success[0].keys_only;
}

bool MayWrite(const Operation& operation) {
  const auto writes = [](const Step& step) { return step.kind != Step::Kind::kRange; };
  return std::ranges::any_of(operation.success, writes) ||
         std::ranges::any_of(operation.failure, writes);
}

}  // namespace

Linearizable SearchOrder(const std::vector<RegisterOperation>& operations, std::string initial,
                         std::size_t steps_max) {
  return Search(operations, std::move(initial)).Run(steps_max);
}

RegisterWindow CutWindow(const History& history, const RevisionModel& model, const std::string& key,
                         std::int64_t from, std::int64_t to) {
  RegisterWindow window;
  const RevisionModel::KeyRank rank = model.RankOf(key);
  const RevisionModel::Version* before = model.Find(rank, from);
  if (before != nullptr) window.initial = before->value;
  std::map<std::int64_t, RegisterOperation> writes;
  for (const RevisionModel::Event& event : model.EventsFrom(from + 1)) {
    if (event.revision > to) break;
    if (event.key != rank) continue;
    writes[event.revision] = {true, std::string(model.VersionOf(event).value), INT64_MIN,
                              INT64_MAX};
  }
  for (const Operation& operation : history.operations) {
    if (operation.revision <= from || operation.revision > to) continue;
    if (IsReadOf(operation, key)) {
      const std::vector<KeyVersion>& kvs = operation.results[0].kvs;
      window.operations.push_back(
          {false, kvs.empty() ? "" : kvs[0].value, operation.start, operation.end});
    } else if (operation.outcome == Outcome::kAcknowledged && MayWrite(operation)) {
      const auto write = writes.find(operation.revision);
      if (write == writes.end() || write->second.end != INT64_MAX) continue;
      // A deletion that found nothing is answered with the revision of somebody else's write.
      const auto puts = [&](const Step& step) {
        return step.kind == Step::Kind::kPut && step.value == write->second.value;
      };
      const bool made_it = std::ranges::any_of(operation.success, puts) ||
                           std::ranges::any_of(operation.failure, puts);
      if (!made_it) continue;
      write->second.start = operation.start;
      write->second.end = operation.end;
    }
  }
  for (auto& [revision, write] : writes) window.operations.push_back(std::move(write));
  return window;
}

}  // namespace stele::history
