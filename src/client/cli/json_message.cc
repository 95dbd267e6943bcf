#include "src/client/cli/json_message.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"

namespace stele::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// response_put -> ResponsePut
std::string CamelCase(const std::string& name) {
  std::string out;
  bool start = true;
  for (const char letter : name) {
    if (letter == '_') {
      start = true;
      continue;
    }
    out.push_back(start ? static_cast<char>(std::toupper(letter)) : letter);
    start = false;
  }
  return out;
}

Json Text(const FieldDescriptor& field, const std::string& value) {
  return field.type() == FieldDescriptor::TYPE_BYTES ? Base64(value) : Json(value);
}

Json Singular(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.GetUInt64(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection.GetFloat(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnumValue(message, &field);
    case FieldDescriptor::CPPTYPE_STRING:
      return Text(field, reflection.GetString(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ToJson(reflection.GetMessage(message, &field));
  }
  return nullptr;
}

Json Repeated(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  Json list = Json::array();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      list.push_back(ToJson(reflection.GetRepeatedMessage(message, &field, i)));
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      list.push_back(Text(field, reflection.GetRepeatedString(message, &field, i)));
    }
  }
  return list;
}

}  // namespace

Json ToJson(const Message& message) {
  // ListFields leaves out what is not set and orders by field number.
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  Json json = Json::object();
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated()) {
      json[field->name()] = Repeated(message, *field);
    } else if (field->real_containing_oneof() != nullptr) {
      json[CamelCase(field->containing_oneof()->name())] =
          Json{{CamelCase(field->name()), Singular(message, *field)}};
    } else {
      json[field->name()] = Singular(message, *field);
    }
  }
  return json;
}

Json Base64(const std::string& bytes) { return absl::Base64Escape(bytes); }

std::string Serialize(const Json& json) {
  // These characters occur inside strings only, so replacing them in the text is exact.
  return absl::StrReplaceAll(json.dump(-1, ' ', false, Json::error_handler_t::replace),
                             {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}});
}

}  // namespace stele::cli
