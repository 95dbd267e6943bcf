// Ids of members and clusters. Bootstrapping members compute them from what they were all told, so
// they agree without talking.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stele::server {

// The first 8 bytes of SHA-1 over the sorted peer URLs and the cluster token. Never 0.
std::uint64_t MemberIdOf(std::vector<std::string> peer_urls, std::string_view token);

// The first 8 bytes of SHA-1 over the sorted member ids.
std::uint64_t ClusterIdOf(std::vector<std::uint64_t> member_ids);

}  // namespace stele::server
