// The keys in which locks and elections queue, as etcd's clients lay them out: below "<name>/"
// every waiting session has the key "<name>/<its lease in hex>", and who was created first is at
// the head. Pure: builds requests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/command.pb.h"
#include "proto/rpc.pb.h"

namespace stele::server {

// "<name>/", which all keys of the queue begin with.
std::string QueuePrefix(std::string_view name);
std::string QueueKey(std::string_view prefix, std::int64_t lease);
// The end of the range of all keys with this prefix.
std::string PrefixEnd(std::string_view prefix);

// The key at the head.
etcdserverpb::RangeRequest HeadOfQueue(const std::string& prefix);
// The last key that was created at `create_revision_max` or before.
etcdserverpb::RangeRequest LastCreatedBy(const std::string& prefix,
                                         std::int64_t create_revision_max);

// Creates the key, or reads it if it exists; reads the head in either case.
stelepb::Command Enqueue(const std::string& prefix, const std::string& key,
                         const std::string& value, std::int64_t lease);
// Both only if the key is still the one that was created at `create_revision`.
stelepb::Command PutIfStill(const std::string& key, std::int64_t create_revision,
                            const std::string& value, std::int64_t lease);
stelepb::Command DeleteIfStill(const std::string& key, std::int64_t create_revision);
stelepb::Command DeleteKey(const std::string& key);

}  // namespace stele::server
