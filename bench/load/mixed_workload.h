// Reads and writes in a fixed proportion, drawn anew for every operation.
#pragma once

#include <memory>

#include "bench/load/key_sequence.h"
#include "bench/load/workload.h"

namespace stele::load {

class MixedWorkload final : public Workload {
 public:
  // `read_percent` of the operations come from `reads`, the others from `writes`; each of the two
  // has one kind of operation.
  MixedWorkload(std::unique_ptr<Workload> reads, std::unique_ptr<Workload> writes,
                unsigned read_percent, std::uint64_t seed);

  std::span<const std::string_view> operations() const override;
  void Prepare(Request* request) override;

 private:
  const std::unique_ptr<Workload> reads_;
  const std::unique_ptr<Workload> writes_;
  const unsigned read_percent_;
  FastRandom random_;
};

}  // namespace stele::load
