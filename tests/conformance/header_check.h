// What holds for the headers of all answers of one cluster, whatever was asked.
#pragma once

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <map>
#include <string>

namespace stele::conformance {

class HeaderCheck {
 public:
  // Looks at an answer of `member`: the cluster's id is always the same, a member's too, terms
  // never go down. Returns what is wrong, or nothing. Answers without a header are not looked at.
  std::string Check(const google::protobuf::MethodDescriptor& method, const std::string& answer,
                    int member);

 private:
  std::uint64_t cluster_id_ = 0;
  std::map<int, std::uint64_t> member_ids_;
  std::map<int, std::uint64_t> terms_;
};

}  // namespace stele::conformance
