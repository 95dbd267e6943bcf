#include "src/server/watch/watch_response.h"

#include <google/protobuf/io/coded_stream.h>

#include <memory>
#include <utility>

#include "proto/rpc.pb.h"
#include "src/raft/check.h"

namespace stele::server {
namespace {

using google::protobuf::io::CodedOutputStream;

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kLengthDelimited = 2;

// Every field number used here is below 16: a tag is one byte.
std::uint8_t Tag(int field, std::uint32_t wire_type) {
  return static_cast<std::uint8_t>((static_cast<std::uint32_t>(field) << 3U) | wire_type);
}

// Bytes of a length-delimited field with a one-byte tag around `payload` bytes.
std::size_t FieldSize(std::size_t payload) {
  return 1 + CodedOutputStream::VarintSize64(payload) + payload;
}

std::uint8_t* WriteLengthPrefix(int field, std::size_t payload, std::uint8_t* out) {
  *out++ = Tag(field, kLengthDelimited);
  return CodedOutputStream::WriteVarint64ToArray(payload, out);
}

std::uint8_t* WriteKeyValue(int field, const mvccpb::KeyValue& kv, std::size_t size,
                            std::uint8_t* out) {
  out = WriteLengthPrefix(field, size, out);
  return kv.SerializeWithCachedSizesToArray(out);
}

}  // namespace

const Call::Bytes& EncodedEvent::Wire(bool with_prev_kv) {
  const bool both = with_prev_kv && !event_->prev.IsNone();
  Call::Bytes& form = both ? with_prev_kv_ : plain_;
  if (form != nullptr) return form;
  if (!both) {
    form = EncodeEvent(*event_, nullptr);
  } else if (const auto previous = view_->Previous(*event_); previous.ok()) {
    form = EncodeEvent(*event_, previous->get());
  }
  return form;
}

Call::Bytes EncodeEvent(const storage::Event& event, const mvccpb::KeyValue* prev) {
  const std::size_t kv_size = event.kv->ByteSizeLong();
  const std::size_t prev_size = prev == nullptr ? 0 : prev->ByteSizeLong();
  const bool is_delete = event.type == mvccpb::Event::DELETE;

  const std::size_t body =
      (is_delete ? 2 : 0) + FieldSize(kv_size) + (prev == nullptr ? 0 : FieldSize(prev_size));
  auto wire = std::make_shared<std::string>(FieldSize(body), '\0');
  auto* const begin = reinterpret_cast<std::uint8_t*>(wire->data());
  std::uint8_t* out =
      WriteLengthPrefix(etcdserverpb::WatchResponse::kEventsFieldNumber, body, begin);
  if (is_delete) {
    *out++ = Tag(mvccpb::Event::kTypeFieldNumber, kVarint);
    *out++ = static_cast<std::uint8_t>(mvccpb::Event::DELETE);
  }
  out = WriteKeyValue(mvccpb::Event::kKvFieldNumber, *event.kv, kv_size, out);
  if (prev != nullptr) {
    out = WriteKeyValue(mvccpb::Event::kPrevKvFieldNumber, *prev, prev_size, out);
  }
  STELE_CHECK(out == begin + wire->size());
  return wire;
}

Call::Bytes EncodeHeader(const HeaderIds& ids, std::int64_t revision, std::uint64_t raft_term) {
  etcdserverpb::WatchResponse response;
  etcdserverpb::ResponseHeader* header = response.mutable_header();
  header->set_cluster_id(ids.cluster_id);
  header->set_member_id(ids.member_id);
  header->set_revision(revision);
  header->set_raft_term(raft_term);
  return std::make_shared<const std::string>(response.SerializeAsString());
}

Call::Bytes EncodeWatchId(WatchId id) {
  if (id == 0) return nullptr;
  etcdserverpb::WatchResponse response;
  response.set_watch_id(id);
  return std::make_shared<const std::string>(response.SerializeAsString());
}

const Call::Bytes& FragmentField() {
  static const Call::Bytes* const field = [] {
    etcdserverpb::WatchResponse response;
    response.set_fragment(true);
    return new Call::Bytes(std::make_shared<const std::string>(response.SerializeAsString()));
  }();
  return *field;
}

std::vector<Call::Bytes> EncodeControl(const Call::Bytes& header, const ControlAnswer& answer) {
  etcdserverpb::WatchResponse response;
  response.set_watch_id(answer.watch_id);
  response.set_created(answer.created);
  response.set_canceled(answer.canceled);
  response.set_compact_revision(answer.compact_revision);
  response.set_cancel_reason(std::string(answer.cancel_reason));
  return {header, std::make_shared<const std::string>(response.SerializeAsString())};
}

std::size_t TotalSize(const std::vector<Call::Bytes>& parts) {
  std::size_t total = 0;
  for (const Call::Bytes& part : parts) total += part->size();
  return total;
}

std::vector<std::vector<Call::Bytes>> SplitIntoFragments(std::vector<Call::Bytes> response,
                                                         std::size_t lead_parts,
                                                         std::size_t bytes_max) {
  STELE_CHECK(lead_parts < response.size());
  std::vector<std::vector<Call::Bytes>> fragments;
  if (TotalSize(response) <= bytes_max) {
    fragments.push_back(std::move(response));
    return fragments;
  }
  const auto lead_end = response.begin() + static_cast<std::ptrdiff_t>(lead_parts);
  std::vector<Call::Bytes> lead(response.begin(), lead_end);
  lead.push_back(FragmentField());
  const std::size_t lead_bytes = TotalSize(lead);

  fragments.push_back(lead);
  std::size_t bytes = lead_bytes;
  for (auto part = lead_end; part != response.end(); ++part) {
    if (fragments.back().size() > lead.size() && bytes + (*part)->size() > bytes_max) {
      fragments.push_back(lead);
      bytes = lead_bytes;
    }
    bytes += (*part)->size();
    fragments.back().push_back(std::move(*part));
  }
  fragments.back().erase(fragments.back().begin() + static_cast<std::ptrdiff_t>(lead_parts));
  return fragments;
}

}  // namespace stele::server
