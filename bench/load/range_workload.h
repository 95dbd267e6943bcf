// Reads of one key at a time.
#pragma once

#include <string>

#include "bench/load/key_sequence.h"
#include "bench/load/workload.h"

namespace stele::load {

class RangeWorkload final : public Workload {
 public:
  // `serializable`: the asked member answers from its own state instead of confirming with a
  // quorum.
  RangeWorkload(const KeySequence::Options& keys, bool serializable);

  std::span<const std::string_view> operations() const override;
  void Prepare(Request* request) override;

 private:
  const std::size_t key_size_;
  KeySequence keys_;
  std::string shape_;  // the framed message with a placeholder
  std::size_t key_offset_ = 0;
};

}  // namespace stele::load
