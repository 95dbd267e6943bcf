#include "tests/sim/log_mirror.h"

#include <algorithm>

#include "src/raft/check.h"

namespace stele::sim {

using raft::Index;
using raft::LogReadStatus;
using raft::Term;

raft::Term LogMirror::TermAt(Index index) const {
  STELE_CHECK(index >= base_.index);
  STELE_CHECK(index <= last());
  return index == base_.index ? base_.term : terms_[index.value - base_.index.value - 1];
}

bool LogMirror::Holds(const raft::EntryId& id) const {
  if (id.index <= base_.index) return true;
  return id.index <= last() && TermAt(id.index) == id.term;
}

void LogMirror::Follow(const raft::LogReader& log, std::vector<raft::Entry>* added) {
  const Index base = log.first_index().Previous();
  Term base_term;
  STELE_CHECK(log.TermAt(base, &base_term) == LogReadStatus::kOk);
  if (base != base_.index) {
    if (base > base_.index && base <= last() && TermAt(base) == base_term) {
      terms_.erase(terms_.begin(),
                   terms_.begin() + static_cast<std::ptrdiff_t>(base.value - base_.index.value));
    } else {
      terms_.clear();
    }
    base_ = {base, base_term};
  }
  const auto differs = [&](Index index) {
    Term term;
    STELE_CHECK(log.TermAt(index, &term) == LogReadStatus::kOk);
    return term != TermAt(index);
  };
  Index common = std::min(last(), log.last_index());
  while (common > base_.index && differs(common)) common = common.Previous();
  terms_.resize(common.value - base_.index.value);
  std::erase_if(confs_, [&](const raft::EntryId& conf) {
    return conf.index > common || conf.index <= base_.index;
  });
  if (common == log.last_index()) return;
  STELE_CHECK(log.Entries(common.Next(), log.last_index().Next(), UINT64_MAX, added) ==
              LogReadStatus::kOk);
  for (const raft::Entry& entry : *added) {
    terms_.push_back(entry.id.term);
    if (entry.type == raft::EntryType::kConfChange) confs_.push_back(entry.id);
  }
}

void LogMirror::Clear() {
  base_ = {};
  terms_.clear();
  confs_.clear();
}

}  // namespace stele::sim
