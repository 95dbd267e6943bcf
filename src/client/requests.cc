#include "src/client/requests.h"

namespace stele::client {
namespace {

const std::string& NoEnd() {
  static const auto* const kNoEnd = new std::string(1, '\0');
  return *kNoEnd;
}

}  // namespace

std::string PrefixRangeEnd(std::string prefix) {
  while (!prefix.empty()) {
    if (static_cast<unsigned char>(prefix.back()) != 0xff) {
      prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  // No key is behind all of them: the range has no end.
  return NoEnd();
}

KeyRange KeyRange::Prefix(const std::string& prefix) {
  // The empty key is not a key; all keys are the range from the smallest one without an end.
  if (prefix.empty()) return From("");
  return {prefix, PrefixRangeEnd(prefix)};
}

KeyRange KeyRange::From(const std::string& first) {
  return {first.empty() ? NoEnd() : first, NoEnd()};
}

etcdserverpb::RangeRequest GetOf(const KeyRange& range, const GetOptions& options) {
  etcdserverpb::RangeRequest request;
  request.set_key(range.key);
  request.set_range_end(range.end);
  request.set_limit(options.limit);
  request.set_revision(options.revision);
  request.set_keys_only(options.keys_only);
  request.set_count_only(options.count_only);
  request.set_serializable(options.serializable);
  request.set_sort_order(options.order);
  request.set_sort_target(options.sort_by);
  request.set_min_mod_revision(options.min_mod_revision);
  request.set_max_mod_revision(options.max_mod_revision);
  request.set_min_create_revision(options.min_create_revision);
  request.set_max_create_revision(options.max_create_revision);
  return request;
}

etcdserverpb::PutRequest PutOf(const std::string& key, const std::string& value,
                               const PutOptions& options) {
  etcdserverpb::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  request.set_lease(options.lease);
  request.set_prev_kv(options.prev_kv);
  request.set_ignore_value(options.ignore_value);
  request.set_ignore_lease(options.ignore_lease);
  return request;
}

etcdserverpb::DeleteRangeRequest DeleteOf(const KeyRange& range, const DeleteOptions& options) {
  etcdserverpb::DeleteRangeRequest request;
  request.set_key(range.key);
  request.set_range_end(range.end);
  request.set_prev_kv(options.prev_kv);
  return request;
}

etcdserverpb::WatchCreateRequest WatchOf(const KeyRange& range, int64_t start_revision) {
  etcdserverpb::WatchCreateRequest request;
  request.set_key(range.key);
  request.set_range_end(range.end);
  request.set_start_revision(start_revision);
  return request;
}

}  // namespace stele::client
