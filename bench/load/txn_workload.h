// Transactions of a fixed number of puts to neighbouring keys, without comparisons.
#pragma once

#include <string>

#include "bench/load/key_sequence.h"
#include "bench/load/random_bytes.h"
#include "bench/load/workload.h"

namespace stele::load {

class TxnWorkload final : public Workload {
 public:
  // REQUIRES: 1 <= operations <= the key space, since a key may occur only once in a transaction.
  TxnWorkload(const KeySequence::Options& keys, std::size_t value_size, std::uint64_t puts);

  std::span<const std::string_view> operations() const override;
  void Prepare(Request* request) override;

 private:
  const std::uint64_t key_space_;
  const std::size_t key_size_;
  const std::size_t value_size_;
  const std::uint64_t puts_;
  KeySequence groups_;  // of `puts_` keys
  RandomBytes values_;
  std::string shape_;           // the framed message with placeholders
  std::size_t put_bytes_ = 0;   // of the message, for each put
  std::size_t key_offset_ = 0;  // of the first put, as value_offset_
  std::size_t value_offset_ = 0;
};

}  // namespace stele::load
