// Protobuf messages as the JSON that etcd's command line prints: proto field names in the order of
// their numbers, numbers as numbers, bytes in base64, enum values by number, defaults left out.
//
// This is not the JSON mapping of protobuf (integers as strings), which the HTTP gateway speaks.
#pragma once

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>
#include <string>

namespace stele::cli {

using Json = nlohmann::ordered_json;

// Members of a oneof are wrapped as {"Oneof":{"FieldName":...}}.
Json ToJson(const google::protobuf::Message& message);

Json Base64(const std::string& bytes);

// One line, with the characters escaped that are special in HTML, as Go's encoder does.
std::string Serialize(const Json& json);

}  // namespace stele::cli
