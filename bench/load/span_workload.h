// Reads of many neighbouring keys at a time: whole lists, pages of a large range, counts.
#pragma once

#include <string>

#include "bench/load/key_sequence.h"
#include "bench/load/workload.h"

namespace stele::load {

class SpanWorkload final : public Workload {
 public:
  struct Options {
    std::string_view name;        // of the operation, static
    std::uint64_t stride = 1;     // keys between two possible starts
    std::uint64_t span_keys = 0;  // keys in the range that is asked for; 0: up to the last key
    std::int64_t limit = 0;       // keys in the answer; 0: all. The exact count comes with them.
    bool count_only = false;
    bool serializable = false;
  };

  // `keys` says where ranges start; its key space is that of the store.
  SpanWorkload(const KeySequence::Options& keys, const Options& options);

  std::span<const std::string_view> operations() const override { return {&options_.name, 1}; }
  void Prepare(Request* request) override;

 private:
  const Options options_;
  const std::uint64_t key_space_;
  const std::size_t key_size_;
  KeySequence starts_;
  std::string shape_;  // the framed message with placeholders
  std::size_t key_offset_ = 0;
  std::size_t end_offset_ = 0;
};

}  // namespace stele::load
