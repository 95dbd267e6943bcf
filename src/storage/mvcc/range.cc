#include "src/storage/mvcc/range.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "src/storage/mutation.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/mvcc/key_interval.h"

namespace stele::storage {

namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RangeResponse;

bool WithinBounds(std::int64_t value, std::int64_t min, std::int64_t max) {
  return (min == 0 || value >= min) && (max == 0 || value <= max);
}

bool PassesFilters(const RangeRequest& request, const KeyMeta& meta) {
  return WithinBounds(meta.mod.main, request.min_mod_revision(), request.max_mod_revision()) &&
         WithinBounds(meta.create_revision, request.min_create_revision(),
                      request.max_create_revision());
}

bool HasFilters(const RangeRequest& request) {
  return request.min_mod_revision() != 0 || request.max_mod_revision() != 0 ||
         request.min_create_revision() != 0 || request.max_create_revision() != 0;
}

// A target other than KEY is sorted by even when no order is asked for: ascending.
bool WantsSort(const RangeRequest& request) {
  return request.sort_target() != RangeRequest::KEY ||
         request.sort_order() == RangeRequest::DESCEND;
}

std::int64_t NumberToSortBy(RangeRequest::SortTarget target, const KeyMeta& meta) {
  switch (target) {
    case RangeRequest::VERSION:
      return meta.version;
    case RangeRequest::CREATE:
      return meta.create_revision;
    default:
      return meta.mod.main;
  }
}

// Equal elements stay in key order in both directions, so that every member answers the same.
template <class Element, class Projection>
void SortBy(RangeRequest::SortOrder order, std::vector<Element>* elements, Projection projection) {
  const bool descend = order == RangeRequest::DESCEND;
  std::stable_sort(elements->begin(), elements->end(), [&](const Element& a, const Element& b) {
    return descend ? projection(b) < projection(a) : projection(a) < projection(b);
  });
}

void SortFound(const RangeRequest& request, std::vector<FoundKey>* found) {
  if (request.sort_target() == RangeRequest::KEY) {
    if (request.sort_order() == RangeRequest::DESCEND) std::reverse(found->begin(), found->end());
    return;
  }
  SortBy(request.sort_order(), found, [&](const FoundKey& element) {
    return NumberToSortBy(request.sort_target(), element.meta);
  });
}

absl::Status AppendKeyValue(const KeySource& source, bool keys_only, std::string_view key,
                            const KeyMeta& meta, RangeResponse* response) {
  mvccpb::KeyValue* kv = response->add_kvs();
  if (!keys_only) return source.Load(key, meta, kv);
  FillKeyValue(key, meta, kv);
  return absl::OkStatus();
}

absl::Status AppendKeyValues(const KeySource& source, bool keys_only,
                             const std::vector<FoundKey>& found, RangeResponse* response) {
  if (!keys_only) return source.LoadAll(found, response->mutable_kvs());
  for (const FoundKey& element : found) {
    FillKeyValue(element.key, element.meta, response->add_kvs());
  }
  return absl::OkStatus();
}

// Cuts to the limit and says so.
template <class Element>
void ApplyLimit(const RangeRequest& request, std::vector<Element>* elements,
                RangeResponse* response) {
  if (request.limit() <= 0) return;
  const auto limit = static_cast<std::uint64_t>(request.limit());
  if (elements->size() <= limit) return;
  elements->resize(static_cast<std::size_t>(limit));
  response->set_more(true);
}

absl::Status CountKeys(const KeySource& source, const KeyInterval& interval,
                       RangeResponse* response) {
  const std::unique_ptr<KeyCursor> cursor = source.Scan(interval);
  std::int64_t count = 0;
  for (; cursor->Valid(); cursor->Next()) ++count;
  response->set_count(count);
  return cursor->status();
}

absl::Status RangeOfOneKey(const KeySource& source, const RangeRequest& request,
                           RangeResponse* response) {
  absl::StatusOr<std::optional<KeyMeta>> meta = source.Find(request.key());
  if (!meta.ok()) return meta.status();
  if (!*meta) return absl::OkStatus();
  response->set_count(1);
  if (request.count_only() || !PassesFilters(request, **meta)) return absl::OkStatus();
  return AppendKeyValue(source, request.keys_only(), request.key(), **meta, response);
}

// In key order: returns what fits the limit, then only counts.
absl::Status RangeInKeyOrder(const KeySource& source, const KeyInterval& interval,
                             const RangeRequest& request, RangeResponse* response) {
  const std::unique_ptr<KeyCursor> cursor = source.Scan(interval);
  std::vector<FoundKey> found;
  std::int64_t count = 0;
  for (; cursor->Valid(); cursor->Next()) {
    if (request.limit() <= 0 || count < request.limit()) {
      found.push_back({std::string(cursor->key()), cursor->meta()});
    }
    ++count;
  }
  if (!cursor->status().ok()) return cursor->status();
  response->set_count(count);
  response->set_more(request.limit() > 0 && count > request.limit());
  return AppendKeyValues(source, request.keys_only(), found, response);
}

absl::Status RangeSortedByValue(const KeySource& source, const RangeRequest& request,
                                const std::vector<FoundKey>& found, RangeResponse* response) {
  KeyValues loaded;
  absl::Status status = source.LoadAll(found, &loaded);
  if (!status.ok()) return status;
  std::vector<mvccpb::KeyValue> kvs(std::make_move_iterator(loaded.begin()),
                                    std::make_move_iterator(loaded.end()));
  SortBy(request.sort_order(), &kvs,
         [](const mvccpb::KeyValue& kv) { return std::string_view(kv.value()); });
  ApplyLimit(request, &kvs, response);
  for (mvccpb::KeyValue& kv : kvs) {
    if (request.keys_only()) kv.clear_value();
    *response->add_kvs() = std::move(kv);
  }
  return absl::OkStatus();
}

absl::Status RangeFilteredAndSorted(const KeySource& source, const KeyInterval& interval,
                                    const RangeRequest& request, RangeResponse* response) {
  std::vector<FoundKey> found;
  std::int64_t count = 0;
  const std::unique_ptr<KeyCursor> cursor = source.Scan(interval);
  for (; cursor->Valid(); cursor->Next()) {
    ++count;
    if (!PassesFilters(request, cursor->meta())) continue;
    found.push_back({std::string(cursor->key()), cursor->meta()});
  }
  if (!cursor->status().ok()) return cursor->status();
  response->set_count(count);
  if (request.sort_target() == RangeRequest::VALUE) {
    return RangeSortedByValue(source, request, found, response);
  }
  SortFound(request, &found);
  ApplyLimit(request, &found, response);
  return AppendKeyValues(source, request.keys_only(), found, response);
}

}  // namespace

absl::Status EvaluateRange(const KeySource& source, const RangeRequest& request,
                           RangeResponse* response) {
  if (request.key().empty()) return EmptyKeyError();
  if (!RangeRequest::SortOrder_IsValid(request.sort_order()) ||
      !RangeRequest::SortTarget_IsValid(request.sort_target())) {
    return InvalidSortOptionError();
  }
  const KeyInterval interval(request.key(), request.range_end());
  if (interval.IsEmpty()) return absl::OkStatus();
  if (interval.IsSingle()) return RangeOfOneKey(source, request, response);
  if (request.count_only()) return CountKeys(source, interval, response);
  if (WantsSort(request) || HasFilters(request)) {
    return RangeFilteredAndSorted(source, interval, request, response);
  }
  return RangeInKeyOrder(source, interval, request, response);
}

absl::Status EvaluateRangePage(const KeySource& source, const RangeRequest& request,
                               std::int64_t keys_max, std::size_t bytes_max,
                               RangeResponse* response, bool* more) {
  *more = false;
  const KeyInterval interval(request.key(), request.range_end());
  if (interval.IsEmpty()) return absl::OkStatus();
  if (interval.IsSingle()) return RangeOfOneKey(source, request, response);
  std::size_t bytes = 0;
  const std::unique_ptr<KeyCursor> cursor = source.Scan(interval);
  for (; cursor->Valid(); cursor->Next()) {
    *more = response->kvs_size() >= keys_max || (bytes >= bytes_max && bytes > 0);
    if (*more) break;
    absl::Status status =
        AppendKeyValue(source, request.keys_only(), cursor->key(), cursor->meta(), response);
    if (!status.ok()) return status;
    bytes += response->kvs(response->kvs_size() - 1).ByteSizeLong();
  }
  return cursor->status();
}

absl::Status CheckReadableRevision(std::int64_t revision, std::int64_t current_revision,
                                   std::int64_t compact_revision) {
  if (revision <= 0) return absl::OkStatus();
  if (revision > current_revision) return FutureRevisionError();
  const bool is_compacted =
      revision < compact_revision && !Planted(Mutation::kCompactedReadAnswered);
  if (is_compacted) return CompactedError();
  return absl::OkStatus();
}

}  // namespace stele::storage
