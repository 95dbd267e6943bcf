// The members as the store knows them: names and URLs for clients and peers. Who is a member and
// who votes follows the configs of the log (apply_cluster.cc).
//
// Beside them two tables for ever: the ids of members that were removed, which never come back, and
// the members that founded the cluster, from whom a joining member begins as they did.
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
// Each by id.
absl::StatusOr<std::vector<stelepb::MemberRecord>> ReadMembers(const EngineSnapshot& snapshot);
absl::StatusOr<std::vector<stelepb::MemberRecord>> ReadFounders(const EngineSnapshot& snapshot);
absl::StatusOr<std::vector<std::uint64_t>> ReadRemovedMembers(const EngineSnapshot& snapshot);

void WriteMember(const stelepb::MemberRecord& member, WriteBatch* batch);
void WriteFounder(const stelepb::MemberRecord& member, WriteBatch* batch);
// Takes the member out of the table and notes its id for ever.
void WriteRemoval(std::uint64_t id, WriteBatch* batch);

}  // namespace stele::storage
