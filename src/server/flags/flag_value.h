// What the text behind a flag stands for.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/server/flags/flag_row.h"

namespace stele::server {

// One text for all ways to write the same value. The error is the cause alone.
absl::StatusOr<std::string> CanonicalValue(const FlagRow& row, std::string_view text);

// Keeps the value where the row says. REQUIRES: the row has a target, and CanonicalValue is ok.
void StoreValue(const FlagRow& row, std::string_view text, Options* options);

// Whether the value of an ignored or refused flag wants anything: it is neither the default nor
// among the quiet ones. REQUIRES: CanonicalValue is ok.
bool AsksForSomething(const FlagRow& row, std::string_view text);

}  // namespace stele::server
