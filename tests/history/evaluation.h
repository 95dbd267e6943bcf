// What an operation must have answered and changed, had it run on the state after a revision.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/history/history.h"
#include "tests/history/revision_model.h"

namespace stele::history {

class Evaluation {
 public:
  explicit Evaluation(const RevisionModel* model) : model_(model) {}

  // Runs `operation` on the state after `base` and compares its reply with what comes out; a reply
  // that is not known is not compared. False if they differ: difference() says how.
  bool Run(const Operation& operation, std::int64_t base);

  // Of the last Run, in order.
  const std::vector<Change>& changes() const { return changes_; }
  const std::string& difference() const { return difference_; }

 private:
  using Rank = RevisionModel::KeyRank;
  // A key as the operation itself has left it so far; version 0 if it deleted it.
  struct OwnWrite {
    std::string_view key;
    RevisionModel::Version version;
  };

  const RevisionModel::Version* Find(Rank rank, std::string_view key) const;
  bool Holds(const Compare& compare) const;
  // `succeeded` and `results` are the reply, or null. Results are of the branch that ran.
  bool TakeBranches(const std::vector<Compare>& compares, const std::vector<Step>& success,
                    const std::vector<Step>& failure, const bool* succeeded,
                    const std::vector<StepResult>* results);
  bool Take(const Step& step, const StepResult* result);
  bool TakePut(const Step& step, const StepResult* result);
  bool TakeDelete(const Step& step, const StepResult* result);
  bool TakeRange(const Step& step, const StepResult* result);
  void Remember(std::string_view key, const RevisionModel::Version& version);
  bool Differ(std::string difference);

  const RevisionModel* const model_;
  std::int64_t base_ = 0;
  std::vector<OwnWrite> own_;
  std::vector<Change> changes_;
  std::string difference_;
};

}  // namespace stele::history
