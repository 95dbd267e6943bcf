// Compares an answer with what a case expects of it.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/conformance/expansion.h"

namespace stele::conformance {

enum class Strictness : std::uint8_t {
  kExact,    // Every field, but of the answer's own header only those that are named.
  kPartial,  // Only the fields that are named, in nested messages too; lists in full length.
};

// Compares `actual` with `expected`, which is in the protobuf text format and may use everything of
// expansion.h. Values of names without one are put into `bindings`. Returns a line for every
// difference, or InvalidArgument if `expected` is no such message.
absl::StatusOr<std::vector<std::string>> MatchMessage(const std::string& expected,
                                                      const google::protobuf::Message& actual,
                                                      Strictness strictness, Bindings* bindings);

// Parses a request. InvalidArgument says where the text is wrong.
absl::Status ParseRequest(const std::string& text, const Bindings& bindings,
                          google::protobuf::Message* request);

// `message` as a case would write it, on one line. Of its own header only the revision is shown.
std::string DescribeMessage(const google::protobuf::Message& message, const Bindings& bindings);

}  // namespace stele::conformance
