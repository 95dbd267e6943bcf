// Puts of a fixed size.
#pragma once

#include <string>

#include "bench/load/key_sequence.h"
#include "bench/load/random_bytes.h"
#include "bench/load/workload.h"

namespace stele::load {

class PutWorkload final : public Workload {
 public:
  PutWorkload(const KeySequence::Options& keys, std::size_t value_size);

  std::span<const std::string_view> operations() const override;
  void Prepare(Request* request) override;

 private:
  const std::size_t key_size_;
  const std::size_t value_size_;
  KeySequence keys_;
  RandomBytes values_;
  std::string shape_;  // the framed message with placeholders
  std::size_t key_offset_ = 0;
  std::size_t value_offset_ = 0;
};

}  // namespace stele::load
