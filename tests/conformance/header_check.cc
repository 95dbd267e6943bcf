#include "tests/conformance/header_check.h"

#include "absl/strings/str_cat.h"
#include "proto/rpc.pb.h"
#include "tests/conformance/method_table.h"

namespace stele::conformance {

std::string HeaderCheck::Check(const google::protobuf::MethodDescriptor& method,
                               const std::string& answer, int member) {
  const google::protobuf::FieldDescriptor* field = method.output_type()->FindFieldByName("header");
  if (field == nullptr) return "";
  const auto message = NewMessage(method.output_type());
  if (!message->ParseFromString(answer) || !message->GetReflection()->HasField(*message, field)) {
    return "";
  }
  etcdserverpb::ResponseHeader header;
  header.CopyFrom(message->GetReflection()->GetMessage(*message, field));
  if (header.cluster_id() == 0 || header.member_id() == 0 || header.raft_term() == 0) {
    return absl::StrCat("the header lacks an id or the term: ", header.ShortDebugString());
  }
  if (cluster_id_ == 0) cluster_id_ = header.cluster_id();
  std::uint64_t& id = member_ids_[member];
  if (id == 0) id = header.member_id();
  std::uint64_t& term = terms_[member];
  if (header.cluster_id() != cluster_id_ || header.member_id() != id || header.raft_term() < term) {
    return absl::StrCat("ids changed or the term went down: ", header.ShortDebugString());
  }
  term = header.raft_term();
  return "";
}

}  // namespace stele::conformance
