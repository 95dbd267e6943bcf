#include "src/server/peer/member_ids.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace stele::server {
namespace {

void AppendBigEndian(std::uint64_t value, std::string* bytes) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes->push_back(static_cast<char>(value >> shift & 0xff));
  }
}

std::uint64_t FirstBytesOfSha1(const std::string& bytes) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < 8; ++i) id = id << 8 | digest[i];
  return id == 0 ? 1 : id;
}

}  // namespace

std::uint64_t MemberIdOf(std::vector<std::string> peer_urls, std::string_view token) {
  std::sort(peer_urls.begin(), peer_urls.end());
  std::string bytes;
  for (const std::string& url : peer_urls) bytes += url;
  bytes += token;
  return FirstBytesOfSha1(bytes);
}

std::uint64_t ClusterIdOf(std::vector<std::uint64_t> member_ids) {
  std::sort(member_ids.begin(), member_ids.end());
  std::string bytes;
  for (const std::uint64_t id : member_ids) AppendBigEndian(id, &bytes);
  return FirstBytesOfSha1(bytes);
}

}  // namespace stele::server
