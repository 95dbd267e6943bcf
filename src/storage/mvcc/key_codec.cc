#include "src/storage/mvcc/key_codec.h"

#include "src/raft/check.h"

namespace stele::storage {

namespace {

constexpr char kEscape = '\x00';
constexpr char kEscapedNul = '\xff';
constexpr char kTerminator = '\x01';
constexpr std::size_t kRevisionBytes = 12;

void AppendEscaped(std::string_view key, std::string* out) {
  for (;;) {
    const std::size_t nul = key.find(kEscape);
    if (nul == std::string_view::npos) break;
    out->append(key.substr(0, nul));
    out->push_back(kEscape);
    out->push_back(kEscapedNul);
    key.remove_prefix(nul + 1);
  }
  out->append(key);
  out->push_back(kEscape);
  out->push_back(kTerminator);
}

}  // namespace

void AppendBigEndian64(std::uint64_t number, std::string* out) {
  char bytes[8];
  for (int i = 7; i >= 0; --i) {
    bytes[i] = static_cast<char>(number & 0xff);
    number >>= 8;
  }
  out->append(bytes, sizeof(bytes));
}

void AppendBigEndian32(std::uint32_t number, std::string* out) {
  char bytes[4];
  for (int i = 3; i >= 0; --i) {
    bytes[i] = static_cast<char>(number & 0xff);
    number >>= 8;
  }
  out->append(bytes, sizeof(bytes));
}

std::uint64_t LoadBigEndian64(const char* bytes) {
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = (number << 8) | static_cast<unsigned char>(bytes[i]);
  return number;
}

std::uint32_t LoadBigEndian32(const char* bytes) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = (number << 8) | static_cast<unsigned char>(bytes[i]);
  return number;
}

void EncodeRevisionKey(Revision revision, std::string* out) {
  STELE_CHECK(revision.main >= 0);
  out->clear();
  AppendBigEndian64(static_cast<std::uint64_t>(revision.main), out);
  AppendBigEndian32(revision.sub, out);
}

void EncodeHistoryKey(std::string_view key, Revision revision, std::string* out) {
  STELE_CHECK(revision.main >= 0);
  out->clear();
  out->reserve(key.size() + 2 + kRevisionBytes);
  AppendEscaped(key, out);
  AppendBigEndian64(~static_cast<std::uint64_t>(revision.main), out);
  AppendBigEndian32(~revision.sub, out);
}

std::string HistoryLowerBound(std::string_view key) {
  std::string bound;
  AppendEscaped(key, &bound);
  return bound;
}

bool DecodeRevisionKey(std::string_view bytes, Revision* revision) {
  if (bytes.size() != kRevisionBytes) return false;
  revision->main = static_cast<std::int64_t>(LoadBigEndian64(bytes.data()));
  revision->sub = LoadBigEndian32(bytes.data() + 8);
  return revision->main > 0;
}

bool DecodeHistoryKey(std::string_view bytes, std::string* key, Revision* revision) {
  key->clear();
  for (;;) {
    const std::size_t nul = bytes.find(kEscape);
    if (nul == std::string_view::npos || nul + 1 >= bytes.size()) return false;
    key->append(bytes.substr(0, nul));
    const char code = bytes[nul + 1];
    bytes.remove_prefix(nul + 2);
    if (code == kTerminator) break;
    if (code != kEscapedNul) return false;
    key->push_back(kEscape);
  }
  if (bytes.size() != kRevisionBytes) return false;
  revision->main = static_cast<std::int64_t>(~LoadBigEndian64(bytes.data()));
  revision->sub = ~LoadBigEndian32(bytes.data() + 8);
  return revision->main > 0;
}

}  // namespace stele::storage
