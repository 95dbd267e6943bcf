// Keys and values in the wire form of RangeResponse, without a message in between: a list of ten
// thousand keys would otherwise be as many messages, each made, copied into and taken apart again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {

// One element of `kvs`, byte for byte as protobuf writes it.
void AppendKeyValue(std::string_view key, const KeyMeta& meta, std::string_view value,
                    std::string* out);

// What follows the last of them.
void AppendMoreAndCount(bool more, std::int64_t count, std::string* out);

}  // namespace stele::storage
