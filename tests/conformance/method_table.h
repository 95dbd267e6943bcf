// The methods of the etcd v3 API by name, from the descriptors of proto/.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace stele::conformance {

// `name` is a method ("Range") or, where that is not enough, Service/Method ("Health/Watch").
// nullptr if there is none.
const google::protobuf::MethodDescriptor* FindMethod(absl::string_view name);

// "/etcdserverpb.KV/Range".
std::string PathOf(const google::protobuf::MethodDescriptor& method);

std::unique_ptr<google::protobuf::Message> NewMessage(
    const google::protobuf::Descriptor* descriptor);

// Every message type of the API.
std::vector<const google::protobuf::Descriptor*> AllMessageTypes();

}  // namespace stele::conformance
