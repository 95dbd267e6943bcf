#include "tests/history/operation_draw.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace stele::history {
namespace {

constexpr std::int64_t kPast = 60;  // revisions back, for reads of history

}  // namespace

std::string OperationDraw::AnyKey() {
  const std::uint64_t number = random_->Below(shape_.keys);
  return absl::StrCat("k", number < 10 ? "0" : "", number);
}

Operation OperationDraw::Next(const Scene& scene) {
  if (random_->Chance(shape_.read_share)) return DrawRead(scene);
  if (random_->Chance(shape_.txn_share)) return DrawTxn(scene);
  Operation operation;
  operation.success.push_back(random_->Chance(0.15) ? DrawDelete() : DrawPut(AnyKey(), scene));
  return operation;
}

Operation OperationDraw::DrawRead(const Scene& scene) {
  Operation operation;
  operation.success.push_back(DrawRange());
  operation.serializable = random_->Chance(0.3);
  Step& range = operation.success[0];
  if (random_->Chance(0.2)) {
    range.revision = std::max<std::int64_t>(scene.revision + random_->Between(-kPast, 4), 1);
  }
  return operation;
}

Step OperationDraw::DrawPut(const std::string& key, const Scene& scene) {
  Step step{.kind = Step::Kind::kPut, .key = key};
  step.value = absl::StrCat(shape_.value_prefix, next_value_++, "-");
  step.value.append(static_cast<std::size_t>(random_->Between(0, shape_.value_bytes_max)), 'x');
  step.prev_kv = random_->Chance(0.3);
  if (!scene.leases.empty() && random_->Chance(0.2)) {
    step.lease = scene.leases[random_->Below(scene.leases.size())];
  }
  if (random_->Chance(0.03)) step.ignore_value = true;
  if (random_->Chance(0.03) && step.lease == 0) step.ignore_lease = true;
  return step;
}

Step OperationDraw::DrawDelete() {
  Step step{.kind = Step::Kind::kDelete, .key = AnyKey()};
  if (random_->Chance(0.2)) step.range_end = random_->Chance(0.2) ? "l" : AnyKey();
  if (!step.range_end.empty() && step.range_end <= step.key) std::swap(step.key, step.range_end);
  if (step.range_end == step.key) step.range_end.clear();
  step.prev_kv = random_->Chance(0.4);
  return step;
}

Step OperationDraw::DrawRange() {
  Step step{.kind = Step::Kind::kRange, .key = AnyKey()};
  const std::uint64_t kind = random_->Below(6);
  if (kind == 0) step.range_end = std::string(1, '\0');
  if (kind == 1) step.range_end = "l";
  if (kind == 2 && step.key > "k02") step.range_end = step.key + "~";
  if (!step.range_end.empty()) {
    step.limit = random_->Chance(0.3) ? random_->Between(1, 5) : 0;
    step.count_only = random_->Chance(0.1);
    step.keys_only = random_->Chance(0.1);
  }
  return step;
}

Compare OperationDraw::DrawCompare() {
  Compare compare{.key = AnyKey()};
  const KeyVersion& seen = seen_[compare.key];
  compare.target = random_->Pick({Compare::Target::kVersion, Compare::Target::kCreate,
                                  Compare::Target::kMod, Compare::Target::kValue});
  compare.relation = random_->Pick({Compare::Relation::kEqual, Compare::Relation::kEqual,
                                    Compare::Relation::kGreater, Compare::Relation::kLess,
                                    Compare::Relation::kNotEqual});
  switch (compare.target) {
    case Compare::Target::kVersion:
      compare.number = seen.version;
      break;
    case Compare::Target::kCreate:
      compare.number = seen.create_revision;
      break;
    case Compare::Target::kMod:
      compare.number = seen.mod_revision;
      break;
    default:
      compare.value = seen.value;
      break;
  }
  return compare;
}

// The keys that a branch puts are different, and it deletes none of them: anything else is refused.
// `keys` are those that are taken.
Step OperationDraw::DrawTxnStep(const Scene& scene, std::vector<std::string>* keys) {
  const std::uint64_t kind = random_->Below(10);
  const std::string key = AnyKey();
  const bool is_new = std::ranges::find(*keys, key) == keys->end();
  if (kind < 6 && is_new) {
    keys->push_back(key);
    return DrawPut(key, scene);
  }
  if (kind == 6 && is_new) {
    keys->push_back(key);
    return {.kind = Step::Kind::kDelete, .key = key, .prev_kv = true};
  }
  Step range = DrawRange();
  // History inside a transaction is read up to the revision before it.
  if (random_->Chance(0.15)) {
    range.revision = std::max<std::int64_t>(scene.revision + random_->Between(-kPast, 1), 1);
  }
  return range;
}

Step OperationDraw::DrawNested(const Scene& scene, std::vector<std::string>* keys) {
  Nested nested;
  for (std::uint64_t i = random_->Below(3); i > 0; --i) nested.compares.push_back(DrawCompare());
  for (auto* branch : {&nested.success, &nested.failure}) {
    for (std::uint64_t i = random_->Below(3); i > 0; --i) {
      branch->push_back(random_->Chance(shape_.nested_share / 2) ? DrawNested(scene, keys)
                                                                 : DrawTxnStep(scene, keys));
    }
  }
  return {.kind = Step::Kind::kTxn,
          .key = {},
          .nested = std::make_shared<const Nested>(std::move(nested))};
}

Operation OperationDraw::DrawTxn(const Scene& scene) {
  Operation operation;
  const std::uint64_t compares = random_->Below(3);
  for (std::uint64_t i = 0; i < compares; ++i) operation.compares.push_back(DrawCompare());
  for (auto* branch : {&operation.success, &operation.failure}) {
    const std::uint64_t steps = random_->Below(4) + (branch == &operation.success ? 1 : 0);
    std::vector<std::string> keys;
    for (std::uint64_t i = 0; i < steps; ++i) {
      branch->push_back(random_->Chance(shape_.nested_share) ? DrawNested(scene, &keys)
                                                             : DrawTxnStep(scene, &keys));
    }
  }
  if (IsSimple(operation)) operation.failure.push_back(DrawRange());
  return operation;
}

Operation OperationDraw::NextOnLease(std::int64_t lease, const Scene& scene) {
  Operation operation;
  Step step = DrawPut(random_->Chance(0.5) ? AnyKey() : absl::StrCat("lease", lease % 50), scene);
  step.lease = lease;
  step.ignore_lease = step.ignore_value = false;
  operation.success.push_back(std::move(step));
  return operation;
}

void OperationDraw::Learn(const Operation& acknowledged) {
  for (const StepResult& result : acknowledged.results) {
    for (const KeyVersion& kv : result.kvs) seen_[kv.key] = kv;
  }
}

WatchDraw DrawWatch(std::string name, std::int64_t known_revision, std::int64_t past,
                    sim::RandomStream* random) {
  WatchDraw drawn{.record = {.name = std::move(name)}};
  WatchRecord& record = drawn.record;
  const std::uint64_t kind = random->Below(4);
  record.key = kind == 0 ? std::string(1, '\0') : absl::StrCat("k0", random->Below(10));
  if (kind == 0) record.range_end = std::string(1, '\0');
  if (kind == 1) record.range_end = "k5";
  if (kind == 2) record.range_end = "z";
  record.with_previous = random->Chance(0.5);
  record.no_put = random->Chance(0.1);
  record.no_delete = !record.no_put && random->Chance(0.15);
  record.fragment = random->Chance(0.2);
  drawn.wants_progress = random->Chance(0.4);
  if (!random->Chance(0.3)) {
    drawn.start_revision =
        std::max<std::int64_t>(known_revision + random->Between(-past, kWatchAhead), 1);
  }
  return drawn;
}

}  // namespace stele::history
