// What a store remembers beside its engine, so that its readers need not ask the engine. It belongs
// to one store: what replaces the store's content makes a new one.
#pragma once

#include <cstddef>

#include "src/storage/mvcc/empty_spans.h"
#include "src/storage/mvcc/key_counts.h"
#include "src/storage/mvcc/meta_cache.h"
#include "src/storage/mvcc/value_cache.h"

namespace stele::storage {

struct ReadMemory {
  ReadMemory(std::size_t meta_bytes, std::size_t value_bytes, const KeyCountLimits& count_limits,
             const EmptySpanLimits& span_limits)
      : metas(meta_bytes), values(value_bytes), counts(count_limits), empty_spans(span_limits) {}

  MetaCache metas;
  ValueCache values;
  KeyCounts counts;
  EmptySpans empty_spans;
};

}  // namespace stele::storage
