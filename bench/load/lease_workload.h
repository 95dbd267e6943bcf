// Leases: granting new ones, and keeping alive those that were granted before.
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/key_sequence.h"
#include "bench/load/workload.h"

namespace stele::load {

// The ids of a run's leases: consecutive, from a first one that other runs do not use.
struct LeaseIds {
  std::int64_t first = 0;
  std::int64_t Of(std::uint64_t number) const { return first + static_cast<std::int64_t>(number); }
};

class LeaseGrantWorkload final : public Workload {
 public:
  // Every operation grants the next lease of `numbers`, which must not wrap around.
  LeaseGrantWorkload(const KeySequence::Options& numbers, LeaseIds ids, std::int64_t ttl_s);

  std::span<const std::string_view> operations() const override;
  void Prepare(Request* request) override;

 private:
  const LeaseIds ids_;
  const std::int64_t ttl_s_;
  KeySequence numbers_;
};

class LeaseKeepAliveWorkload final : public Workload {
 public:
  LeaseKeepAliveWorkload(const KeySequence::Options& numbers, LeaseIds ids);

  std::span<const std::string_view> operations() const override;
  CallKind call_kind() const override { return CallKind::kStream; }
  void Prepare(Request* request) override;
  Verdict OnMessage(Request* request, std::string_view message, std::string* failure) override;

 private:
  const LeaseIds ids_;
  KeySequence numbers_;
};

}  // namespace stele::load
