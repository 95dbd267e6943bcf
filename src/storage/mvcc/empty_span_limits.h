// How much EmptySpans (empty_spans.h) keeps.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stele::storage {

struct EmptySpanLimits {
  // Stepping over fewer removed records is not worth being remembered.
  std::size_t passed_min = 16;
  // Everything is forgotten when there are more; a key or two each.
  std::size_t spans_max = 4096;
  // The newest creations, behind which a reader's view may have fallen.
  std::size_t recent_creations = 4096;
  // Spans that meet become one when no reader needs to tell them apart.
  std::int64_t join_after_revisions = 256;
};

}  // namespace stele::storage
