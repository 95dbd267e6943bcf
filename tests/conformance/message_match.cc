#include "tests/conformance/message_match.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/method_table.h"

namespace stele::conformance {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t kShownBytes = 200;

class ErrorCollector : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text.empty()) text = absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  std::string text;
};

absl::Status ParseText(const std::string& text, Message* message) {
  google::protobuf::TextFormat::Parser parser;
  ErrorCollector errors;
  parser.RecordErrorsTo(&errors);
  if (parser.ParseFromString(text, message)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("in the message ", text.substr(0, kShownBytes), "\n    ", errors.text));
}

// The value of a field (the element `index` if it is repeated) as bindings keep it.
std::string ValueText(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* reflection = message.GetReflection();
  std::string scratch;
  const bool repeated = index >= 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(repeated ? reflection->GetRepeatedInt32(message, field, index)
                                   : reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(repeated ? reflection->GetRepeatedInt64(message, field, index)
                                   : reflection->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(repeated ? reflection->GetRepeatedUInt32(message, field, index)
                                   : reflection->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(repeated ? reflection->GetRepeatedUInt64(message, field, index)
                                   : reflection->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat(repeated ? reflection->GetRepeatedEnumValue(message, field, index)
                                   : reflection->GetEnumValue(message, field));
    case FieldDescriptor::CPPTYPE_STRING:
      return repeated ? reflection->GetRepeatedStringReference(message, field, index, &scratch)
                      : reflection->GetStringReference(message, field, &scratch);
    default:
      return "";
  }
}

std::string Shown(const FieldDescriptor* field, const std::string& value) {
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return value;
  if (value.size() <= kShownBytes) return absl::StrCat("\"", absl::CEscape(value), "\"");
  return absl::StrCat("\"", absl::CEscape(value.substr(0, kShownBytes)), "\"... (", value.size(),
                      " bytes)");
}

class Matcher {
 public:
  Matcher(const std::vector<std::string>& marked, Bindings* bindings)
      : marked_(marked), bindings_(bindings) {}

  void Compare(const Message& expected, const Message& actual, const std::string& path,
               Strictness strictness) {
    for (int i = 0; i < expected.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = expected.GetDescriptor()->field(i);
      const std::string name = absl::StrCat(path, path.empty() ? "" : ".", field->name());
      if (field->is_repeated()) {
        CompareList(expected, actual, field, name, strictness);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        CompareNested(expected, actual, field, name, strictness);
      } else {
        CompareField(expected, actual, field, name, strictness);
      }
    }
  }

  std::vector<std::string> differences;

 private:
  void CompareList(const Message& expected, const Message& actual, const FieldDescriptor* field,
                   const std::string& name, Strictness strictness) {
    const int wanted = expected.GetReflection()->FieldSize(expected, field);
    const int found = actual.GetReflection()->FieldSize(actual, field);
    if (wanted == 0 && strictness == Strictness::kPartial) return;
    if (wanted != found) {
      differences.push_back(absl::StrCat(name, ": expected ", wanted, ", got ", found));
      return;
    }
    for (int i = 0; i < wanted; ++i) {
      const std::string element = absl::StrCat(name, "[", i, "]");
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Compare(expected.GetReflection()->GetRepeatedMessage(expected, field, i),
                actual.GetReflection()->GetRepeatedMessage(actual, field, i), element, strictness);
      } else {
        CompareValue(field, ValueText(expected, field, i), ValueText(actual, field, i), element);
      }
    }
  }

  void CompareNested(const Message& expected, const Message& actual, const FieldDescriptor* field,
                     const std::string& name, Strictness strictness) {
    const bool wanted = expected.GetReflection()->HasField(expected, field);
    const bool found = actual.GetReflection()->HasField(actual, field);
    // The ids and the term in the header of an answer differ from server to server.
    if (name == "header") strictness = Strictness::kPartial;
    if (!wanted && (strictness == Strictness::kPartial || !found)) return;
    if (wanted != found) {
      differences.push_back(
          absl::StrCat(name, wanted ? ": expected, but missing" : ": unexpected"));
      return;
    }
    Compare(expected.GetReflection()->GetMessage(expected, field),
            actual.GetReflection()->GetMessage(actual, field), name, strictness);
  }

  void CompareField(const Message& expected, const Message& actual, const FieldDescriptor* field,
                    const std::string& name, Strictness strictness) {
    const bool wanted = expected.GetReflection()->HasField(expected, field);
    if (!wanted && strictness == Strictness::kPartial) return;
    if (field->has_presence() && wanted != actual.GetReflection()->HasField(actual, field)) {
      differences.push_back(
          absl::StrCat(name, wanted ? ": expected, but missing" : ": unexpected"));
      return;
    }
    CompareValue(field, ValueText(expected, field, -1), ValueText(actual, field, -1), name);
  }

  void CompareValue(const FieldDescriptor* field, const std::string& expected,
                    const std::string& actual, const std::string& name) {
    const bool is_string = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    for (std::size_t i = 0; i < marked_.size(); ++i) {
      const std::string marker =
          is_string ? MarkerString(marked_[i]) : absl::StrCat(MarkerNumber(i));
      if (expected != marker) continue;
      if (marked_[i] == kAnything) return;
      const auto [bound, fresh] = bindings_->values.emplace(marked_[i], actual);
      if (fresh || bound->second == actual) return;
      differences.push_back(absl::StrCat(name, ": expected $", marked_[i], " = ",
                                         Shown(field, bound->second), ", got ",
                                         Shown(field, actual)));
      return;
    }
    if (expected == actual) return;
    differences.push_back(
        absl::StrCat(name, ": expected ", Shown(field, expected), ", got ", Shown(field, actual)));
  }

  const std::vector<std::string>& marked_;
  Bindings* bindings_;
};

// A text in quotation marks; a long run of one letter becomes [[count|letter]].
std::string Compact(const std::string& value) {
  constexpr std::size_t kLongRun = 40;
  std::string text;
  for (std::size_t begin = 0; begin < value.size();) {
    const std::size_t end = std::min(value.find_first_not_of(value[begin], begin), value.size());
    if (end - begin >= kLongRun && absl::ascii_isalnum(static_cast<unsigned char>(value[begin]))) {
      absl::StrAppend(&text, "[[", end - begin, "|", value.substr(begin, 1), "]]");
    } else {
      absl::StrAppend(&text, absl::CEscape(value.substr(begin, end - begin)));
    }
    begin = end;
  }
  return text;
}

// Numbers that are revisions are shown relative to the start of the case.
class RevisionPrinter : public google::protobuf::TextFormat::FastFieldValuePrinter {
 public:
  explicit RevisionPrinter(std::int64_t base) : base_(base) {}
  void PrintInt64(std::int64_t value,
                  google::protobuf::TextFormat::BaseTextGenerator* out) const override {
    const std::int64_t offset = value - base_;
    out->PrintString(value <= 0    ? absl::StrCat(value)
                     : offset == 0 ? std::string("@")
                     : offset > 0  ? absl::StrCat("@+", offset)
                                   : absl::StrCat("@", offset));
  }

 private:
  const std::int64_t base_;
};

class ValuePrinter : public google::protobuf::TextFormat::FastFieldValuePrinter {
 public:
  explicit ValuePrinter(const Bindings& bindings) : bindings_(bindings) {}

  void PrintInt64(std::int64_t value,
                  google::protobuf::TextFormat::BaseTextGenerator* out) const override {
    out->PrintString(NumberText(absl::StrCat(value)));
  }
  void PrintUInt64(std::uint64_t value,
                   google::protobuf::TextFormat::BaseTextGenerator* out) const override {
    out->PrintString(NumberText(absl::StrCat(value)));
  }
  void PrintString(const std::string& value,
                   google::protobuf::TextFormat::BaseTextGenerator* out) const override {
    out->PrintString(StringText(value));
  }
  void PrintBytes(const std::string& value,
                  google::protobuf::TextFormat::BaseTextGenerator* out) const override {
    out->PrintString(StringText(value));
  }

 private:
  static constexpr std::size_t kShortest = 4;  // Shorter numbers are no ids.

  std::string NumberText(const std::string& value) const {
    for (const auto& [name, bound] : bindings_.values) {
      if (bound == value && value.size() >= kShortest) return absl::StrCat("$", name);
    }
    return value;
  }

  std::string StringText(const std::string& value) const {
    const std::string& prefix = bindings_.prefix;
    for (const auto& [name, bound] : bindings_.values) {
      if (bound == value && value.size() >= kShortest) return absl::StrCat("\"$", name, "\"");
    }
    if (!prefix.empty() && absl::StartsWith(value, prefix)) {
      return absl::StrCat("\"~", Compact(value.substr(prefix.size())), "\"");
    }
    return absl::StrCat("\"", Compact(value), "\"");
  }

  const Bindings& bindings_;
};

bool HoldsRevision(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 && !field->is_repeated() &&
         (absl::EndsWith(field->name(), "revision") || field->name() == "rev");
}

}  // namespace

absl::StatusOr<std::vector<std::string>> MatchMessage(const std::string& expected,
                                                      const Message& actual, Strictness strictness,
                                                      Bindings* bindings) {
  const Expansion expansion = ExpandExpected(expected, *bindings);
  const std::unique_ptr<Message> parsed(actual.New());
  if (absl::Status status = ParseText(expansion.text, parsed.get()); !status.ok()) return status;
  Matcher matcher(expansion.marked, bindings);
  matcher.Compare(*parsed, actual, "", strictness);
  return std::move(matcher.differences);
}

absl::Status ParseRequest(const std::string& text, const Bindings& bindings, Message* request) {
  const absl::StatusOr<std::string> expanded = ExpandRequest(text, bindings);
  if (!expanded.ok()) return expanded.status();
  return ParseText(*expanded, request);
}

std::string DescribeMessage(const Message& message, const Bindings& bindings) {
  const std::unique_ptr<Message> shown(message.New());
  shown->CopyFrom(message);
  const FieldDescriptor* header = shown->GetDescriptor()->FindFieldByName("header");
  if (header != nullptr && shown->GetReflection()->HasField(*shown, header)) {
    Message* inner = shown->GetReflection()->MutableMessage(shown.get(), header);
    for (const char* name : {"cluster_id", "member_id", "raft_term"}) {
      inner->GetReflection()->ClearField(inner, inner->GetDescriptor()->FindFieldByName(name));
    }
  }
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetDefaultFieldValuePrinter(new ValuePrinter(bindings));
  for (const google::protobuf::Descriptor* type : AllMessageTypes()) {
    for (int i = 0; i < type->field_count(); ++i) {
      if (!HoldsRevision(type->field(i))) continue;
      auto relative = std::make_unique<RevisionPrinter>(bindings.base);
      if (printer.RegisterFieldValuePrinter(type->field(i), relative.get())) {
        static_cast<void>(relative.release());  // The printer owns it now.
      }
    }
  }
  std::string text;
  printer.PrintToString(*shown, &text);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace stele::conformance
