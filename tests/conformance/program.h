// A generated program: requests that are made one after another, of one server and of another.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace stele::conformance {

// In the requests of a program, and in answers that are compared, revisions are relative to the
// program's start: kProgramStart + 2 is the second revision after it. Revisions that are far away
// from it, such as 0 or -1, mean themselves.
inline constexpr std::int64_t kProgramStart = std::int64_t{1} << 50U;

void MakeRevisionsAbsolute(google::protobuf::Message* message, std::int64_t start);
void MakeRevisionsRelative(google::protobuf::Message* message, std::int64_t start);

struct Operation {
  const google::protobuf::MethodDescriptor* method = nullptr;
  std::shared_ptr<const google::protobuf::Message> request;
};

struct Program {
  std::uint64_t seed = 0;
  std::vector<Operation> operations;
};

// What came back, with revisions relative, ids and terms of servers taken out and sorted where the
// order means nothing: two servers that do the same have equal answers.
struct ProgramAnswer {
  int code = 0;
  std::string text;      // of an error
  std::string response;  // serialized

  bool operator==(const ProgramAnswer&) const = default;
};

// `answer` as a case would show it.
std::string DescribeProgramAnswer(const Operation& operation, const ProgramAnswer& answer);

// The program as a case of the suite, with the answers of a server to its last operation.
std::string ProgramAsCase(const Program& program, const std::string& name,
                          const ProgramAnswer& last_answer);

}  // namespace stele::conformance
