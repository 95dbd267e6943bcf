// Compares what a call brought with what a case expects, and words the difference.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/conformance/case.h"
#include "tests/conformance/expansion.h"
#include "tests/conformance/wire_client.h"

namespace stele::conformance {

// "InvalidArgument" for 3, and so on.
std::string CodeName(int code);

// `answer` as the lines of a case: "< ..." for every message and "! Code text" for an error.
std::vector<std::string> DescribeAnswer(const google::protobuf::MethodDescriptor& method,
                                        const Answer& answer, const Bindings& bindings);

// Returns nothing if the answer is the expected one, else lines for people. No expectation at all
// means that the call must succeed.
std::vector<std::string> CheckAnswer(const google::protobuf::MethodDescriptor& method,
                                     const Answer& answer, const std::vector<Expectation>& expected,
                                     Bindings* bindings);

// The same for one message of a stream.
std::vector<std::string> CheckMessage(const google::protobuf::Message& message,
                                      const Expectation& expected, Bindings* bindings);

// The same for the end of a stream. `expected` is an error or, as nullptr, a good end.
std::vector<std::string> CheckEnd(const CallEnd& end, const Expectation* expected);

// Whether `text`, as "5 < 7", holds: two words with ==, !=, <, <=, > or >= between them.
std::vector<std::string> CheckComparison(absl::string_view text);

}  // namespace stele::conformance
