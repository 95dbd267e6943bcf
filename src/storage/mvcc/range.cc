#include "src/storage/mvcc/range.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "src/storage/mutation.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/mvcc/key_interval.h"
#include "src/storage/mvcc/key_value_wire.h"

namespace stele::storage {

namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RangeResponse;

// Values of a page that are read at once, however small those before were.
constexpr std::size_t kPageBatchMax = 64;

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

// Without an order, only what the limit and one more let through is sorted: clients know that from
// etcd.
bool IsCutBeforeSorting(const RangeRequest& request) {
  return request.sort_order() == RangeRequest::NONE && !HasFilters(request) &&
         request.limit() > 0 && request.limit() < std::numeric_limits<std::int64_t>::max();
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

// What is to be returned, values not read yet.
struct Selection {
  std::vector<FoundKey> found;
  std::int64_t count = 0;
  bool more = false;
};

// Cuts to the limit; true if that took something away.
template <class Element>
bool CutToLimit(const RangeRequest& request, std::vector<Element>* elements) {
  if (request.limit() <= 0) return false;
  const auto limit = static_cast<std::uint64_t>(request.limit());
  if (elements->size() <= limit) return false;
  elements->resize(static_cast<std::size_t>(limit));
  return true;
}

absl::Status OnlyCount(const KeySource& source, const KeyInterval& interval, Selection* selection) {
  const absl::StatusOr<std::int64_t> count = source.Count(interval);
  if (!count.ok()) return count.status();
  selection->count = *count;
  return absl::OkStatus();
}

absl::Status SelectOneKey(const KeySource& source, const RangeRequest& request,
                          Selection* selection) {
  absl::StatusOr<std::optional<KeyMeta>> meta = source.Find(request.key());
  if (!meta.ok()) return meta.status();
  if (!*meta) return absl::OkStatus();
  selection->count = 1;
  if (request.count_only() || !PassesFilters(request, **meta)) return absl::OkStatus();
  selection->found.push_back({request.key(), **meta});
  return absl::OkStatus();
}

// In key order: takes the first `most`, or all if that is not above 0, and counts the others.
absl::Status SelectInKeyOrder(const KeySource& source, const KeyInterval& interval,
                              std::int64_t most, Selection* selection) {
  const std::unique_ptr<KeyCursor> cursor = source.Scan(interval);
  std::vector<FoundKey>& found = selection->found;
  for (; cursor->Valid(); cursor->Next()) {
    if (most > 0 && std::cmp_greater_equal(found.size(), most)) break;
    found.push_back({std::string(cursor->key()), cursor->meta()});
  }
  if (!cursor->status().ok()) return cursor->status();
  selection->count = std::ssize(found);
  if (!cursor->Valid()) return absl::OkStatus();
  const absl::StatusOr<std::int64_t> others = source.Count(interval.From(cursor->key()));
  if (!others.ok()) return others.status();
  selection->count += *others;
  selection->more = true;
  return absl::OkStatus();
}

// All that pass the filters, in key order.
absl::Status SelectFiltered(const KeySource& source, const KeyInterval& interval,
                            const RangeRequest& request, Selection* selection) {
  const std::unique_ptr<KeyCursor> cursor = source.Scan(interval);
  for (; cursor->Valid(); cursor->Next()) {
    ++selection->count;
    if (!PassesFilters(request, cursor->meta())) continue;
    selection->found.push_back({std::string(cursor->key()), cursor->meta()});
  }
  return cursor->status();
}

bool IsSortedByValue(const RangeRequest& request) {
  return request.sort_target() == RangeRequest::VALUE && !request.count_only();
}

// Unless values decide. In the order in which it is to be returned.
absl::Status Select(const KeySource& source, const KeyInterval& interval,
                    const RangeRequest& request, Selection* selection) {
  if (interval.IsEmpty()) return absl::OkStatus();
  if (interval.IsSingle()) return SelectOneKey(source, request, selection);
  if (request.count_only()) return OnlyCount(source, interval, selection);
  if (!WantsSort(request) && !HasFilters(request)) {
    return SelectInKeyOrder(source, interval, request.limit(), selection);
  }
  absl::Status status = IsCutBeforeSorting(request)
                            ? SelectInKeyOrder(source, interval, request.limit() + 1, selection)
                            : SelectFiltered(source, interval, request, selection);
  if (!status.ok()) return status;
  if (IsSortedByValue(request)) return absl::OkStatus();
  SortFound(request, &selection->found);
  selection->more = CutToLimit(request, &selection->found);
  return absl::OkStatus();
}

// Puts the values that were selected by everything else in order, and cuts.
absl::Status LoadSortedByValue(const KeySource& source, const RangeRequest& request,
                               const Selection& selection, RangeResponse* response) {
  KeyValues loaded;
  absl::Status status = source.LoadAll(selection.found, &loaded);
  if (!status.ok()) return status;
  std::vector<mvccpb::KeyValue> kvs(std::make_move_iterator(loaded.begin()),
                                    std::make_move_iterator(loaded.end()));
  SortBy(request.sort_order(), &kvs,
         [](const mvccpb::KeyValue& kv) { return std::string_view(kv.value()); });
  response->set_more(CutToLimit(request, &kvs));
  for (mvccpb::KeyValue& kv : kvs) {
    if (request.keys_only()) kv.clear_value();
    *response->add_kvs() = std::move(kv);
  }
  return absl::OkStatus();
}

absl::Status Load(const KeySource& source, const RangeRequest& request, const Selection& selection,
                  RangeResponse* response) {
  response->set_more(selection.more);
  if (IsSortedByValue(request)) return LoadSortedByValue(source, request, selection, response);
  if (!request.keys_only()) return source.LoadAll(selection.found, response->mutable_kvs());
  for (const FoundKey& element : selection.found) {
    FillKeyValue(element.key, element.meta, response->add_kvs());
  }
  return absl::OkStatus();
}

absl::Status CheckRange(const RangeRequest& request) {
  if (request.key().empty()) return EmptyKeyError();
  if (!RangeRequest::SortOrder_IsValid(request.sort_order()) ||
      !RangeRequest::SortTarget_IsValid(request.sort_target())) {
    return InvalidSortOptionError();
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EvaluateRange(const KeySource& source, const RangeRequest& request,
                           RangeResponse* response) {
  absl::Status status = CheckRange(request);
  if (!status.ok()) return status;
  Selection selection;
  status = Select(source, KeyInterval(request.key(), request.range_end()), request, &selection);
  if (!status.ok()) return status;
  response->set_count(selection.count);
  return Load(source, request, selection, response);
}

absl::Status EncodeRange(const KeySource& source, const RangeRequest& request, std::string* out) {
  absl::Status status = CheckRange(request);
  if (!status.ok()) return status;
  if (IsSortedByValue(request)) {
    RangeResponse response;
    status = EvaluateRange(source, request, &response);
    if (status.ok()) response.AppendToString(out);
    return status;
  }
  Selection selection;
  status = Select(source, KeyInterval(request.key(), request.range_end()), request, &selection);
  if (!status.ok()) return status;
  if (request.keys_only()) {
    for (const FoundKey& element : selection.found) {
      AppendKeyValue(element.key, element.meta, "", out);
    }
  } else {
    status = source.EncodeAll(selection.found, out);
    if (!status.ok()) return status;
  }
  AppendMoreAndCount(selection.more, selection.count, out);
  return absl::OkStatus();
}

absl::Status EvaluateRangePage(const KeySource& source, const RangeRequest& request,
                               std::int64_t keys_max, std::size_t bytes_max,
                               RangeResponse* response, bool* more) {
  *more = false;
  const KeyInterval interval(request.key(), request.range_end());
  if (interval.IsEmpty()) return absl::OkStatus();
  if (interval.IsSingle()) return EvaluateRange(source, request, response);
  std::size_t bytes = 0;
  const std::unique_ptr<KeyCursor> cursor = source.Scan(interval);
  std::vector<FoundKey> batch;
  while (cursor->Valid()) {
    const auto found = static_cast<std::size_t>(response->kvs_size());
    *more = response->kvs_size() >= keys_max || (bytes >= bytes_max && bytes > 0);
    if (*more) break;
    // Many together are read faster; how many fit is told by those before.
    std::size_t fit =
        found == 0 ? 1 : std::max<std::size_t>(1, (bytes_max - bytes) / (bytes / found));
    fit = std::min({fit, kPageBatchMax, static_cast<std::size_t>(keys_max) - found});
    batch.clear();
    for (; cursor->Valid() && batch.size() < fit; cursor->Next()) {
      batch.push_back({std::string(cursor->key()), cursor->meta()});
    }
    if (request.keys_only()) {
      for (const FoundKey& key : batch) FillKeyValue(key.key, key.meta, response->add_kvs());
    } else {
      absl::Status status = source.LoadAll(batch, response->mutable_kvs());
      if (!status.ok()) return status;
    }
    for (auto i = static_cast<int>(found); i < response->kvs_size(); ++i) {
      bytes += response->kvs(i).ByteSizeLong();
    }
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
