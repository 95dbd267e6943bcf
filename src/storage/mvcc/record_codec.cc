#include "src/storage/mvcc/record_codec.h"

#include <google/protobuf/io/coded_stream.h>

#include "absl/strings/str_cat.h"

namespace stele::storage {

namespace {

using google::protobuf::io::CodedOutputStream;

constexpr int kVarintBytesMax = 10;
constexpr char kPutMark = 'P';
constexpr char kDeleteMark = 'D';

void AppendVarint(std::uint64_t number, std::string* out) {
  std::uint8_t bytes[kVarintBytesMax];
  const std::uint8_t* end = CodedOutputStream::WriteVarint64ToArray(number, bytes);
  out->append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(end - bytes));
}

void AppendVarint(std::int64_t number, std::string* out) {
  AppendVarint(static_cast<std::uint64_t>(number), out);
}

// Takes numbers off the front of `rest`; once one is malformed, ok() stays false.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t Next() {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < rest_.size() && i < kVarintBytesMax; ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      number |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return number;
      }
    }
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::int64_t NextSigned() { return static_cast<std::int64_t>(Next()); }
  std::uint32_t Next32() {
    const std::uint64_t number = Next();
    if (number > kSubMax) ok_ = false;
    return static_cast<std::uint32_t>(number);
  }

  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

void EncodeKeyMeta(const KeyMeta& meta, std::string* out) {
  out->clear();
  AppendVarint(meta.mod.main, out);
  AppendVarint(std::uint64_t{meta.mod.sub}, out);
  AppendVarint(meta.create_revision, out);
  AppendVarint(meta.version, out);
  AppendVarint(meta.lease, out);
}

bool DecodeKeyMeta(std::string_view bytes, KeyMeta* meta) {
  VarintReader reader(bytes);
  meta->mod.main = reader.NextSigned();
  meta->mod.sub = reader.Next32();
  meta->create_revision = reader.NextSigned();
  meta->version = reader.NextSigned();
  meta->lease = reader.NextSigned();
  return reader.ok() && reader.rest().empty() && meta->mod.main > 0;
}

void EncodeHistoryMeta(const KeyMeta& meta, std::string* out) {
  out->clear();
  AppendVarint(meta.create_revision, out);
  AppendVarint(meta.version, out);
  AppendVarint(meta.lease, out);
}

bool DecodeHistoryMeta(std::string_view bytes, Revision mod, bool* tombstone, KeyMeta* meta) {
  meta->mod = mod;
  *tombstone = bytes == kTombstoneMark;
  if (*tombstone) return true;
  VarintReader reader(bytes);
  meta->create_revision = reader.NextSigned();
  meta->version = reader.NextSigned();
  meta->lease = reader.NextSigned();
  return reader.ok() && reader.rest().empty();
}

void EncodeChange(const ChangeRecord& change, std::string* out) {
  out->clear();
  out->push_back(change.tombstone ? kDeleteMark : kPutMark);
  AppendVarint(change.prev.main, out);
  AppendVarint(std::uint64_t{change.prev.sub}, out);
  if (!change.tombstone) {
    AppendVarint(change.meta.create_revision, out);
    AppendVarint(change.meta.version, out);
    AppendVarint(change.meta.lease, out);
  }
  AppendVarint(std::uint64_t{change.key.size()}, out);
  out->append(change.key);
  out->append(change.value);
}

bool DecodeChange(std::string_view bytes, Revision mod, ChangeRecord* change) {
  if (bytes.empty() || (bytes[0] != kPutMark && bytes[0] != kDeleteMark)) return false;
  change->tombstone = bytes[0] == kDeleteMark;
  VarintReader reader(bytes.substr(1));
  change->prev.main = reader.NextSigned();
  change->prev.sub = reader.Next32();
  change->meta = KeyMeta{};
  change->meta.mod = mod;
  if (!change->tombstone) {
    change->meta.create_revision = reader.NextSigned();
    change->meta.version = reader.NextSigned();
    change->meta.lease = reader.NextSigned();
  }
  const std::uint64_t key_size = reader.Next();
  if (!reader.ok() || key_size > reader.rest().size()) return false;
  change->key = reader.rest().substr(0, key_size);
  change->value = reader.rest().substr(key_size);
  return !change->tombstone || change->value.empty();
}

void FillKeyValue(std::string_view key, const KeyMeta& meta, mvccpb::KeyValue* kv) {
  kv->set_key(key.data(), key.size());
  kv->set_create_revision(meta.create_revision);
  kv->set_mod_revision(meta.mod.main);
  kv->set_version(meta.version);
  kv->set_lease(meta.lease);
}

absl::Status DamagedRecord(const std::string& what) {
  return absl::DataLossError(absl::StrCat("store: undecodable record: ", what));
}

}  // namespace stele::storage
