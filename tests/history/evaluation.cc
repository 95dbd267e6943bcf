#include "tests/history/evaluation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/history/describe.h"

namespace stele::history {
namespace {

template <class T>
bool Related(const T& left, Compare::Relation relation, const T& right) {
  switch (relation) {
    case Compare::Relation::kEqual:
      return left == right;
    case Compare::Relation::kGreater:
      return left > right;
    case Compare::Relation::kLess:
      return left < right;
    case Compare::Relation::kNotEqual:
      return left != right;
  }
  return false;
}

}  // namespace

bool Evaluation::Differ(std::string difference) {
  difference_ = std::move(difference);
  return false;
}

bool Evaluation::Run(const Operation& operation, std::int64_t base) {
  base_ = base;
  own_.clear();
  changes_.clear();
  const bool known = operation.outcome == Outcome::kAcknowledged;
  return TakeBranches(operation.compares, operation.success, operation.failure,
                      known ? &operation.succeeded : nullptr, known ? &operation.results : nullptr);
}

bool Evaluation::TakeBranches(const std::vector<Compare>& compares,
                              const std::vector<Step>& success, const std::vector<Step>& failure,
                              const bool* succeeded, const std::vector<StepResult>* results) {
  const bool succeeds =
      std::ranges::all_of(compares, [this](const Compare& each) { return Holds(each); });
  if (succeeded != nullptr && succeeds != *succeeded) {
    return Differ(absl::StrCat("the comparisons ", succeeds ? "hold" : "do not hold"));
  }
  const std::vector<Step>& steps = succeeds ? success : failure;
  if (results != nullptr && steps.size() != results->size()) {
    return Differ(absl::StrCat(results->size(), " results for ", steps.size(), " steps"));
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!Take(steps[i], results != nullptr ? &(*results)[i] : nullptr)) return false;
  }
  return true;
}

const RevisionModel::Version* Evaluation::Find(Rank rank, std::string_view key) const {
  for (const OwnWrite& own : own_) {
    if (own.key == key) return own.version.version == 0 ? nullptr : &own.version;
  }
  return model_->Find(rank, base_);
}

// All comparisons, also those of transactions within, are made before any step.
bool Evaluation::Holds(const Compare& compare) const {
  const RevisionModel::Version* version = model_->Find(model_->RankOf(compare.key), base_);
  if (compare.target == Compare::Target::kValue) {
    if (version == nullptr) return false;
    return Related(version->value, compare.relation, std::string_view(compare.value));
  }
  std::int64_t number = 0;
  if (version != nullptr) {
    switch (compare.target) {
      case Compare::Target::kVersion:
        number = version->version;
        break;
      case Compare::Target::kCreate:
        number = version->create;
        break;
      case Compare::Target::kMod:
        number = version->mod;
        break;
      default:
        number = version->lease;
        break;
    }
  }
  return Related(number, compare.relation, compare.number);
}

bool Evaluation::Take(const Step& step, const StepResult* result) {
  switch (step.kind) {
    case Step::Kind::kPut:
      return TakePut(step, result);
    case Step::Kind::kDelete:
      return TakeDelete(step, result);
    case Step::Kind::kRange:
      return TakeRange(step, result);
    case Step::Kind::kTxn:
      return TakeBranches(step.nested->compares, step.nested->success, step.nested->failure,
                          result != nullptr ? &result->succeeded : nullptr,
                          result != nullptr ? &result->results : nullptr);
  }
  return false;
}

void Evaluation::Remember(std::string_view key, const RevisionModel::Version& version) {
  for (OwnWrite& own : own_) {
    if (own.key == key) {
      own.version = version;
      return;
    }
  }
  own_.push_back({key, version});
}

bool Evaluation::TakePut(const Step& step, const StepResult* result) {
  const Rank rank = model_->RankOf(step.key);
  const RevisionModel::Version* before = Find(rank, step.key);
  if (result != nullptr) {
    const bool shown = !result->kvs.empty();
    if (shown != (step.prev_kv && before != nullptr) ||
        (shown && !model_->Equals(result->kvs.front(), rank, *before))) {
      return Differ(absl::StrCat("the put of ", step.key, " shows ",
                                 shown ? Describe(result->kvs.front()) : "nothing", " before it"));
    }
  }
  if (before == nullptr && (step.ignore_value || step.ignore_lease)) {
    return Differ(absl::StrCat("there is no ", step.key, " to keep anything of"));
  }
  RevisionModel::Version after{.mod = base_ + 1,
                               .create = before != nullptr ? before->create : base_ + 1,
                               .version = before != nullptr ? before->version + 1 : 1,
                               .lease = step.ignore_lease ? before->lease : step.lease,
                               .value = step.ignore_value ? before->value : step.value};
  changes_.push_back({step.key, std::string(after.value), false, after.lease});
  Remember(step.key, after);
  return true;
}

bool Evaluation::TakeDelete(const Step& step, const StepResult* result) {
  const RevisionModel::KeyRange range = model_->RangeOf(step.key, step.range_end);
  std::int64_t count = 0;
  for (Rank rank = range.begin; rank < range.end; ++rank) {
    const std::string& key = model_->KeyOf(rank);
    const RevisionModel::Version* before = Find(rank, key);
    if (before == nullptr) continue;
    if (result != nullptr && step.prev_kv) {
      const auto at = static_cast<std::size_t>(count);
      if (at >= result->kvs.size() || !model_->Equals(result->kvs[at], rank, *before)) {
        return Differ(absl::StrCat("the deletion of ", key, " shows another version before it"));
      }
    }
    ++count;
    changes_.push_back({.key = key, .deletes = true});
    Remember(key, RevisionModel::Version{.mod = base_ + 1});
  }
  if (result == nullptr) return true;
  if (result->count != count) {
    return Differ(absl::StrCat("deleted ", result->count, " keys instead of ", count));
  }
  return result->kvs.size() == (step.prev_kv ? static_cast<std::size_t>(count) : 0) ||
         Differ("the deletion shows too many versions");
}

bool Evaluation::TakeRange(const Step& step, const StepResult* result) {
  if (result == nullptr) return true;
  const RevisionModel::KeyRange range = model_->RangeOf(step.key, step.range_end);
  std::int64_t count = 0;
  std::size_t shown = 0;
  for (Rank rank = range.begin; rank < range.end; ++rank) {
    const RevisionModel::Version* version =
        step.revision > 0 ? model_->Find(rank, step.revision) : Find(rank, model_->KeyOf(rank));
    if (version == nullptr) continue;
    ++count;
    if (step.count_only || (step.limit > 0 && count > step.limit)) continue;
    RevisionModel::Version expected = *version;
    if (step.keys_only) expected.value = {};
    if (shown >= result->kvs.size() || !model_->Equals(result->kvs[shown], rank, expected)) {
      return Differ(absl::StrCat(
          "shows ", shown < result->kvs.size() ? Describe(result->kvs[shown]) : "(end)",
          " instead of ", Describe(model_->Describe(rank, expected))));
    }
    ++shown;
  }
  if (shown < result->kvs.size()) {
    return Differ(absl::StrCat("shows ", Describe(result->kvs[shown]), " too much"));
  }
  const bool more = !step.count_only && step.limit > 0 && count > step.limit;
  if (result->count != count || result->more != more) {
    return Differ(absl::StrCat("counts ", result->count, result->more ? " and more" : "",
                               " instead of ", count, more ? " and more" : ""));
  }
  return true;
}

}  // namespace stele::history
