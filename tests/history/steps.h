// Walks over the steps of a transaction and of the transactions within it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tests/history/history.h"

namespace stele::history {

// Every step that is no transaction, of both branches of those within.
template <class Visit>
void ForEachStep(const std::vector<Step>& branch, const Visit& visit) {
  for (const Step& step : branch) {
    if (step.kind != Step::Kind::kTxn) {
      visit(step);
      continue;
    }
    ForEachStep(step.nested->success, visit);
    ForEachStep(step.nested->failure, visit);
  }
}

// Of both branches of the operation.
template <class Visit>
void ForEachStep(const Operation& operation, const Visit& visit) {
  ForEachStep(operation.success, visit);
  ForEachStep(operation.failure, visit);
}

// Those that ran, with their results, as far as there are any.
template <class Visit>
void ForEachStepThatRan(const std::vector<Step>& branch, const std::vector<StepResult>& results,
                        const Visit& visit) {
  for (std::size_t i = 0; i < std::min(branch.size(), results.size()); ++i) {
    const Step& step = branch[i];
    const StepResult& result = results[i];
    if (step.kind != Step::Kind::kTxn) {
      visit(step, result);
      continue;
    }
    ForEachStepThatRan(result.succeeded ? step.nested->success : step.nested->failure,
                       result.results, visit);
  }
}

// REQUIRES: the operation was acknowledged.
template <class Visit>
void ForEachStepThatRan(const Operation& operation, const Visit& visit) {
  ForEachStepThatRan(operation.succeeded ? operation.success : operation.failure, operation.results,
                     visit);
}

// True if the acknowledged operation says that it changed something.
inline bool ChangedSomething(const Operation& operation) {
  bool changed = false;
  ForEachStepThatRan(operation, [&changed](const Step& step, const StepResult& result) {
    changed = changed || step.kind == Step::Kind::kPut ||
              (step.kind == Step::Kind::kDelete && result.count > 0);
  });
  return changed;
}

}  // namespace stele::history
