// The members as the store knows them: names and URLs for clients and peers. Who votes is the
// log's business, not this table's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/command.pb.h"
#include "src/storage/engine/engine.h"

namespace stele::storage {

absl::StatusOr<std::optional<stelepb::MemberRecord>> ReadMember(const EngineSnapshot& snapshot,
                                                                std::uint64_t id);
// By id.
absl::StatusOr<std::vector<stelepb::MemberRecord>> ReadMembers(const EngineSnapshot& snapshot);

void WriteMember(const stelepb::MemberRecord& member, WriteBatch* batch);

}  // namespace stele::storage
