#include "tests/conformance/program.h"

#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/answer_check.h"
#include "tests/conformance/expansion.h"
#include "tests/conformance/message_match.h"
#include "tests/conformance/method_table.h"

namespace stele::conformance {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::int64_t kNear = std::int64_t{1} << 40U;

// Calls `change` with every revision that is not 0.
void ForEachRevision(Message* message, const std::function<std::int64_t(std::int64_t)>& change) {
  const google::protobuf::Reflection* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        ForEachRevision(reflection->MutableMessage(message, field), change);
        continue;
      }
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        ForEachRevision(reflection->MutableRepeatedMessage(message, field, i), change);
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 && !field->is_repeated() &&
               absl::EndsWith(field->name(), "revision")) {
      reflection->SetInt64(message, field, change(reflection->GetInt64(*message, field)));
    }
  }
}

// Brings a new server to where programs start: nothing there, the past forgotten.
constexpr char kPrologue[] =
    "server\ndo Put key: \"!\"\ndo DeleteRange key: \"!\"\ndo Compact revision: @+1\n";
constexpr std::int64_t kPrologueRevisions = 2;

// The text of a message whose revisions are relative.
std::string RelativeText(const Message& message) {
  Bindings bindings;
  bindings.base = kProgramStart - kPrologueRevisions;
  return DescribeMessage(message, bindings);
}

}  // namespace

void MakeRevisionsAbsolute(Message* message, std::int64_t start) {
  ForEachRevision(message, [start](std::int64_t value) {
    const std::int64_t offset = value - kProgramStart;
    return offset > -kNear && offset < kNear ? start + offset : value;
  });
}

void MakeRevisionsRelative(Message* message, std::int64_t start) {
  ForEachRevision(message, [start](std::int64_t value) {
    return value > 0 && value < kNear ? value - start + kProgramStart : value;
  });
}

std::string DescribeProgramAnswer(const Operation& operation, const ProgramAnswer& answer) {
  if (answer.code != 0) return absl::StrCat("! ", CodeName(answer.code), " ", answer.text);
  const auto response = NewMessage(operation.method->output_type());
  response->ParseFromString(answer.response);
  return absl::StrCat("< ", RelativeText(*response));
}

std::string ProgramAsCase(const Program& program, const std::string& name,
                          const ProgramAnswer& last_answer) {
  std::string text = absl::StrCat("case ", name, "\n", kPrologue);
  for (std::size_t i = 0; i < program.operations.size(); ++i) {
    const Operation& operation = program.operations[i];
    // Only the last answer matters; others may well be errors.
    const bool last = i + 1 == program.operations.size();
    absl::StrAppend(&text, last ? "> " : "do ", operation.method->name(), " ",
                    RelativeText(*operation.request), "\n");
  }
  if (program.operations.empty()) return text;
  return absl::StrCat(text, DescribeProgramAnswer(program.operations.back(), last_answer), "\n");
}

}  // namespace stele::conformance
