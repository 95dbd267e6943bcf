#include "src/server/api/parse_request.h"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "src/storage/deep_message.h"

namespace stele::server {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kUnexpectedEnd[] = "unexpected EOF";

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroup = 3, kGroupEnd = 4, kFixed32 = 5 };

WireType WireTypeOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return kFixed64;
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return kFixed32;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return kBytes;
    default:
      return kVarint;
  }
}

// range_end is RangeEnd in the texts of Go.
std::string GoName(std::string_view name) {
  std::string go;
  bool starts_word = true;
  for (const char letter : name) {
    const std::string same(1, letter);
    if (letter != '_') go += starts_word ? absl::AsciiStrToUpper(same) : same;
    starts_word = letter == '_';
  }
  return go;
}

// Walks over a message, field by field, until something is wrong with it.
class WireWalk {
 public:
  explicit WireWalk(std::string_view bytes) : rest_(bytes) {}

  // Whether all is well.
  bool Walk(const Descriptor& type, int depth_left) {
    while (!rest_.empty()) {
      std::uint64_t tag = 0;
      if (!ReadVarint(&tag)) return false;
      const auto wire_type = static_cast<int>(tag & 7);
      const auto number = static_cast<std::int32_t>(tag >> 3);
      if (wire_type == kGroupEnd) {
        return Fail(absl::StrCat("proto: ", type.name(), ": wiretype end group for non-group"));
      }
      if (number <= 0) {
        return Fail(absl::StrCat("proto: ", type.name(), ": illegal tag ", number, " (wire type ",
                                 tag, ")"));
      }
      const FieldDescriptor* field = type.FindFieldByNumber(number);
      const bool well =
          field == nullptr ? Skip(wire_type) : WalkField(*field, wire_type, depth_left);
      if (!well) return false;
    }
    return true;
  }

  std::string TakeFault() { return std::move(fault_); }

 private:
  bool Fail(std::string fault) {
    fault_ = std::move(fault);
    return false;
  }

  bool ReadVarint(std::uint64_t* value) {
    *value = 0;
    for (int shift = 0;; shift += 7) {
      if (shift >= std::numeric_limits<std::uint64_t>::digits) {
        return Fail("proto: integer overflow");
      }
      if (rest_.empty()) return Fail(kUnexpectedEnd);
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      *value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
  }

  bool ReadBytes(std::uint64_t size, std::string_view* bytes) {
    if (size > rest_.size()) return Fail(kUnexpectedEnd);
    *bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  bool ReadCounted(std::string_view* bytes) {
    std::uint64_t size = 0;
    return ReadVarint(&size) && ReadBytes(size, bytes);
  }

  // A value of a field that this version does not know.
  bool Skip(int wire_type) {
    std::uint64_t value = 0;
    std::string_view bytes;
    switch (wire_type) {
      case kVarint:
        return ReadVarint(&value);
      case kFixed64:
        return ReadBytes(8, &bytes);
      case kBytes:
        return ReadCounted(&bytes);
      case kGroup:
        return SkipGroup();
      case kFixed32:
        return ReadBytes(4, &bytes);
      default:
        return Fail(absl::StrCat("proto: illegal wireType ", wire_type));
    }
  }

  bool SkipGroup() {
    for (int open = 1; open > 0;) {
      std::uint64_t tag = 0;
      if (!ReadVarint(&tag)) return false;
      const auto wire_type = static_cast<int>(tag & 7);
      if (wire_type == kGroup) {
        ++open;
      } else if (wire_type == kGroupEnd) {
        --open;
      } else if (!Skip(wire_type)) {
        return false;
      }
    }
    return true;
  }

  bool WalkField(const FieldDescriptor& field, int wire_type, int depth_left) {
    const bool packed = field.is_packable() && wire_type == kBytes;
    if (wire_type != WireTypeOf(field) && !packed) {
      return Fail(
          absl::StrCat("proto: wrong wireType = ", wire_type, " for field ", GoName(field.name())));
    }
    if (wire_type != kBytes) return Skip(wire_type);
    std::string_view bytes;
    if (!ReadCounted(&bytes)) return false;
    if (field.message_type() == nullptr) return true;
    if (depth_left == 0) return Fail("proto: message nested too deeply");
    WireWalk inner(bytes);
    if (inner.Walk(*field.message_type(), depth_left - 1)) return true;
    return Fail(inner.TakeFault());
  }

  std::string_view rest_;
  std::string fault_;
};

// The fields of a message that are messages. To ask the descriptor every time would cost a range
// three hundredths of all its instructions.
const std::vector<const FieldDescriptor*>& MessageFields(const Descriptor* type) {
  thread_local absl::node_hash_map<const Descriptor*, std::vector<const FieldDescriptor*>> known;
  const auto [entry, is_new] = known.try_emplace(type);
  std::vector<const FieldDescriptor*>& fields = entry->second;
  for (int i = 0; is_new && i < type->field_count(); ++i) {
    if (type->field(i)->message_type() != nullptr) fields.push_back(type->field(i));
  }
  return fields;
}

// Whether the message, or one inside it, has fields that the parser did not know what to do with.
bool HasUnknownFields(const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  for (const FieldDescriptor* field : MessageFields(message.GetDescriptor())) {
    if (!field->is_repeated()) {
      if (reflection.HasField(message, field) &&
          HasUnknownFields(reflection.GetMessage(message, field))) {
        return true;
      }
      continue;
    }
    const int size = reflection.FieldSize(message, field);
    for (int k = 0; k < size; ++k) {
      if (HasUnknownFields(reflection.GetRepeatedMessage(message, field, k))) return true;
    }
  }
  return false;
}

// What is wrong with `bytes`; empty if they were parsed.
std::string Parse(std::string_view bytes, Message* request) {
  const bool parsed = storage::ParseDeepMessage(bytes, storage::kRequestDepthMax, request);
  // The walk is for what is wrong or from another version: what people send needs none.
  if (parsed && !HasUnknownFields(*request)) return "";
  std::string fault = FirstWireFault(bytes, *request->GetDescriptor());
  if (!parsed && fault.empty()) return "proto: a text is not UTF-8";
  return fault;
}

}  // namespace

std::string FirstWireFault(std::string_view bytes, const Descriptor& type) {
  WireWalk walk(bytes);
  return walk.Walk(type, storage::kRequestDepthMax) ? "" : walk.TakeFault();
}

absl::Status ParseRequest(std::string_view bytes, Message* request) {
  const std::string fault = Parse(bytes, request);
  if (fault.empty()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("grpc: error unmarshalling request: ", fault));
}

absl::Status ParseStreamMessage(std::string_view bytes, Message* request) {
  const std::string fault = Parse(bytes, request);
  if (fault.empty()) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("grpc: failed to unmarshal the received message ", fault));
}

}  // namespace stele::server
