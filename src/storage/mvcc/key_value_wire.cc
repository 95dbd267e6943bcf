#include "src/storage/mvcc/key_value_wire.h"

#include <google/protobuf/io/coded_stream.h>

#include <array>

#include "proto/mvcc.pb.h"
#include "proto/rpc.pb.h"

namespace stele::storage {

namespace {

using etcdserverpb::RangeResponse;
using google::protobuf::io::CodedOutputStream;
using mvccpb::KeyValue;

constexpr std::uint8_t kVarint = 0;
constexpr std::uint8_t kLengthDelimited = 2;

constexpr std::uint8_t Tag(int field, std::uint8_t type) {
  return static_cast<std::uint8_t>(field << 3 | type);
}

std::size_t SizeOfNumber(std::int64_t value) {
  return value == 0 ? 0 : 1 + CodedOutputStream::VarintSize64(static_cast<std::uint64_t>(value));
}

std::size_t SizeOfBytes(std::string_view bytes) {
  return bytes.empty() ? 0 : 1 + CodedOutputStream::VarintSize64(bytes.size()) + bytes.size();
}

// Tags, lengths and numbers up to the next run of bytes.
class Writer {
 public:
  explicit Writer(std::string* out) : out_(out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { Flush(); }

  void Number(int field, std::int64_t value) {
    if (value == 0) return;
    *end_++ = Tag(field, kVarint);
    end_ = CodedOutputStream::WriteVarint64ToArray(static_cast<std::uint64_t>(value), end_);
  }
  void Length(int field, std::size_t length) {
    *end_++ = Tag(field, kLengthDelimited);
    end_ = CodedOutputStream::WriteVarint64ToArray(length, end_);
  }
  void Bytes(int field, std::string_view bytes) {
    if (bytes.empty()) return;
    Length(field, bytes.size());
    Flush();
    out_->append(bytes);
  }

 private:
  void Flush() {
    out_->append(buffer_.begin(), buffer_.begin() + (end_ - buffer_.data()));
    end_ = buffer_.data();
  }

  static constexpr std::size_t kFieldBytesMax = 11;
  static constexpr std::size_t kFieldsMax = 5;  // between two runs of bytes
  std::string* const out_;
  std::array<std::uint8_t, kFieldBytesMax * kFieldsMax> buffer_;
  std::uint8_t* end_ = buffer_.data();
};

}  // namespace

void AppendKeyValue(std::string_view key, const KeyMeta& meta, std::string_view value,
                    std::string* out) {
  Writer writer(out);
  writer.Length(RangeResponse::kKvsFieldNumber,
                SizeOfBytes(key) + SizeOfNumber(meta.create_revision) +
                    SizeOfNumber(meta.mod.main) + SizeOfNumber(meta.version) + SizeOfBytes(value) +
                    SizeOfNumber(meta.lease));
  writer.Bytes(KeyValue::kKeyFieldNumber, key);
  writer.Number(KeyValue::kCreateRevisionFieldNumber, meta.create_revision);
  writer.Number(KeyValue::kModRevisionFieldNumber, meta.mod.main);
  writer.Number(KeyValue::kVersionFieldNumber, meta.version);
  writer.Bytes(KeyValue::kValueFieldNumber, value);
  writer.Number(KeyValue::kLeaseFieldNumber, meta.lease);
}

void AppendMoreAndCount(bool more, std::int64_t count, std::string* out) {
  Writer writer(out);
  writer.Number(RangeResponse::kMoreFieldNumber, more ? 1 : 0);
  writer.Number(RangeResponse::kCountFieldNumber, count);
}

}  // namespace stele::storage
