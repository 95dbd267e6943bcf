// What stands for something else in the texts of a case:
//
//   "~a"          the key a of this case: every case has a prefix of its own
//   "~~"          the end of the range of all keys of this case
//   @  @+2  @-1   the store's revision when the case began, and revisions relative to it
//   $name         a number bound earlier;  "$name" a string bound earlier
//   [[3|x# ]]     the text three times, # being 0, 1, 2:  x0 x1 x2
//
// Outside of quotation marks, or inside of them, as shown.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace stele::conformance {

struct Bindings {
  std::string prefix;
  std::int64_t base = 0;
  // By name: numbers in decimal, strings as their bytes.
  std::map<std::string, std::string, std::less<>> values;
};

// A name without a value becomes a marker, that is a number or a string which stands for it in a
// parsed message. `$any` always does.
struct Expansion {
  std::string text;
  std::vector<std::string> marked;  // names by number of the marker
};

Expansion ExpandExpected(absl::string_view text, const Bindings& bindings);

// As above, but a name without a value is an error.
absl::StatusOr<std::string> ExpandRequest(absl::string_view text, const Bindings& bindings);

inline constexpr absl::string_view kAnything = "any";

// The number that stands for the marked name `index`, and the string that stands for `name`.
std::int64_t MarkerNumber(std::size_t index);
std::string MarkerString(absl::string_view name);

// The end of the range of all keys that start with `prefix`.
std::string EndOfPrefix(std::string prefix);

}  // namespace stele::conformance
