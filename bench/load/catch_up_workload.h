// Watches that begin in the past: an operation is over when all events of a known stretch of
// history have come.
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/key_sequence.h"
#include "bench/load/workload.h"

namespace stele::load {

class CatchUpWorkload final : public Workload {
 public:
  // Watches all keys of `keys` from `start_revision` on, after which at least `history` events are
  // known to exist.
  CatchUpWorkload(const KeySequence::Options& keys, std::int64_t start_revision,
                  std::uint64_t history);

  std::span<const std::string_view> operations() const override;
  CallKind call_kind() const override { return CallKind::kStreamForEach; }
  void Prepare(Request* request) override;
  Verdict OnMessage(Request* request, std::string_view message, std::string* failure) override;
  std::uint64_t events() const override { return events_; }

 private:
  const std::uint64_t history_;
  std::string shape_;
  std::uint64_t events_ = 0;
};

}  // namespace stele::load
