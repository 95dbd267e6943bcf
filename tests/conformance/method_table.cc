#include "tests/conformance/method_table.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "proto/election.pb.h"
#include "proto/health.pb.h"
#include "proto/lock.pb.h"
#include "proto/rpc.pb.h"

namespace stele::conformance {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// The order decides which service a bare method name means.
std::array<const FileDescriptor*, 5> Files() {
  return {etcdserverpb::RangeRequest::descriptor()->file(),
          v3lockpb::LockRequest::descriptor()->file(),
          v3electionpb::CampaignRequest::descriptor()->file(),
          grpc::health::v1::HealthCheckRequest::descriptor()->file(),
          mvccpb::KeyValue::descriptor()->file()};
}

}  // namespace

const MethodDescriptor* FindMethod(absl::string_view name) {
  for (const FileDescriptor* file : Files()) {
    for (int i = 0; i < file->service_count(); ++i) {
      const ServiceDescriptor* service = file->service(i);
      for (int j = 0; j < service->method_count(); ++j) {
        const MethodDescriptor* method = service->method(j);
        if (name == method->name() || name == absl::StrCat(service->name(), "/", method->name())) {
          return method;
        }
      }
    }
  }
  return nullptr;
}

std::string PathOf(const MethodDescriptor& method) {
  return absl::StrCat("/", method.service()->full_name(), "/", method.name());
}

std::unique_ptr<google::protobuf::Message> NewMessage(const Descriptor* descriptor) {
  return std::unique_ptr<google::protobuf::Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

std::vector<const Descriptor*> AllMessageTypes() {
  std::vector<const Descriptor*> types;
  for (const FileDescriptor* file : Files()) {
    for (int i = 0; i < file->message_type_count(); ++i) types.push_back(file->message_type(i));
  }
  return types;
}

}  // namespace stele::conformance
