// The HTTP steps of a case.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/conformance/http_exchange.h"

namespace stele::conformance {

// Compares a response with an expectation:
//
//   200                          the status alone
//   200 contains "text"          somewhere in the body; text with C escapes
//   200 body "text"              the whole body
//   200 json {"health":"true"}   every member named here, with this value; "$any" is any value
//   405 header allow: GET
//   400 | 505 | closed           one of several; `closed` is for the caller to judge
//
// Returns nothing if it is as expected, else lines for people.
std::vector<std::string> CheckHttp(absl::string_view expected, const HttpResponse& response);

// The response as an expectation would be written.
std::string DescribeHttp(const HttpResponse& response);

}  // namespace stele::conformance
