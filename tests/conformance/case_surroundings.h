// What a case finds when it begins and must not leave behind.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "tests/conformance/wire_client.h"

namespace stele::conformance {

struct Surroundings {
  std::int64_t revision = 0;
  std::set<std::int64_t> leases;

  bool operator==(const Surroundings&) const = default;
};

absl::StatusOr<Surroundings> LookAround(WireClient* client);

// Revokes the leases that are not in `before` and deletes all keys that start with `prefix`.
void CleanUp(WireClient* client, const Surroundings& before, const std::string& prefix);

}  // namespace stele::conformance
