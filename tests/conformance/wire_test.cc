// The linked protobuf descriptors against the tables of the wire contract, both ways: a row without
// a descriptor fails, and so does a descriptor without a row.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "proto/auth.pb.h"
#include "proto/election.pb.h"
#include "proto/lock.pb.h"
#include "proto/mvcc.pb.h"
#include "proto/rpc.pb.h"
#include "tests/conformance/wire_table.h"

namespace stele::conformance {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

// One printable line a fact, so that a difference reads as the fact that differs.
using Facts = std::set<std::string>;

std::vector<const FileDescriptor*> WireFiles() {
  return {mvccpb::KeyValue::descriptor()->file(), authpb::User::descriptor()->file(),
          etcdserverpb::ResponseHeader::descriptor()->file(),
          v3lockpb::LockRequest::descriptor()->file(),
          v3electionpb::LeaderKey::descriptor()->file()};
}

// Types in the tables are relative to the message that uses them, as a .proto file writes them; the
// last component is what both sides can be reduced to without losing a difference between types,
// because no two types in these packages share a last component within one message's reach.
std::string LastComponent(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

std::string TypeName(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) return field.message_type()->name();
  if (field.enum_type() != nullptr) return field.enum_type()->name();
  return field.type_name();
}

void AddEnum(const EnumDescriptor& type, Facts& facts) {
  for (int i = 0; i < type.value_count(); ++i) {
    facts.insert(
        absl::StrCat(type.full_name(), " ", type.value(i)->name(), " = ", type.value(i)->number()));
  }
}

void AddMessage(const Descriptor& message, Facts& messages, Facts& enums) {
  messages.insert(absl::StrCat("message ", message.full_name()));
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const auto* oneof = field.containing_oneof();
    messages.insert(absl::StrCat(message.full_name(), " #", field.number(),
                                 field.is_repeated() ? " repeated " : " ", TypeName(field), " ",
                                 field.name(), " oneof=", oneof == nullptr ? "" : oneof->name()));
    EXPECT_FALSE(field.has_optional_keyword()) << field.full_name();
  }
  for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(*message.enum_type(i), enums);
  for (int i = 0; i < message.nested_type_count(); ++i) {
    AddMessage(*message.nested_type(i), messages, enums);
  }
}

struct Contract {
  Facts messages;
  Facts enums;
  Facts methods;
};

Contract FromDescriptors() {
  Contract contract;
  for (const FileDescriptor* file : WireFiles()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      AddMessage(*file->message_type(i), contract.messages, contract.enums);
    }
    for (int i = 0; i < file->enum_type_count(); ++i) {
      AddEnum(*file->enum_type(i), contract.enums);
    }
    for (int i = 0; i < file->service_count(); ++i) {
      const auto& service = *file->service(i);
      for (int m = 0; m < service.method_count(); ++m) {
        const auto& method = *service.method(m);
        contract.methods.insert(absl::StrCat(
            service.full_name(), "/", method.name(), "(",
            method.client_streaming() ? "stream " : "", method.input_type()->name(), ") ",
            method.server_streaming() ? "stream " : "", method.output_type()->name()));
      }
    }
  }
  return contract;
}

std::string MessageFact(const std::vector<std::string>& row) {
  if (row[1].empty()) return absl::StrCat("message ", row[0]);
  return absl::StrCat(row[0], " #", row[1], row[2].empty() ? " " : absl::StrCat(" ", row[2], " "),
                      LastComponent(row[3]), " ", row[4], " oneof=", row[5]);
}

std::string MethodFact(const std::vector<std::string>& row) {
  const auto type = [](const std::string& text) {
    const bool stream = absl::StartsWith(text, "stream ");
    return absl::StrCat(stream ? "stream " : "",
                        LastComponent(std::string(absl::StripPrefix(text, "stream "))));
  };
  return absl::StrCat(row[0], "/", row[1], "(", type(row[2]), ") ", type(row[3]));
}

void ExpectSame(const Facts& table, const Facts& descriptors) {
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  std::ranges::set_difference(table, descriptors, std::back_inserter(missing));
  std::ranges::set_difference(descriptors, table, std::back_inserter(extra));
  for (const std::string& fact : missing) ADD_FAILURE() << "missing in proto/: " << fact;
  for (const std::string& fact : extra) ADD_FAILURE() << "not in the table: " << fact;
}

// Reads a table and checks that its rows are all different facts.
template <typename Fact>
Facts TableFacts(std::string_view file_name, size_t rows_min, Fact fact) {
  const auto rows = ReadTable(file_name);
  EXPECT_GE(rows.size(), rows_min) << file_name << " is missing or cut short";
  Facts facts;
  for (const auto& row : rows) {
    EXPECT_TRUE(facts.insert(fact(row)).second) << "twice in " << file_name << ": " << row[0];
  }
  return facts;
}

TEST(Wire, MessagesAndFieldsAreThoseOfTheTable) {
  ExpectSame(TableFacts("messages.tsv", 370, MessageFact), FromDescriptors().messages);
}

TEST(Wire, EnumValuesAreThoseOfTheTable) {
  const auto fact = [](const std::vector<std::string>& row) {
    return absl::StrCat(row[0], " ", row[1], " = ", row[2]);
  };
  ExpectSame(TableFacts("enums.tsv", 33, fact), FromDescriptors().enums);
}

TEST(Wire, MethodsAndTheirStreamingAreThoseOfTheTable) {
  ExpectSame(TableFacts("services.tsv", 49, MethodFact), FromDescriptors().methods);
}

// Types of other packages must be the ones the name promises, not namesakes in their own package.
TEST(Wire, TypesOfOtherPackagesAreQualifiedInTheTable) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  int checked = 0;
  for (const auto& row : ReadTable("messages.tsv")) {
    if (!absl::StrContains(row[3], '.')) continue;
    const Descriptor* message = pool->FindMessageTypeByName(row[0]);
    ASSERT_NE(message, nullptr) << row[0];
    const FieldDescriptor* field = message->FindFieldByName(row[4]);
    ASSERT_NE(field, nullptr) << row[0] << "." << row[4];
    const std::string full_name = field->message_type() != nullptr
                                      ? field->message_type()->full_name()
                                      : field->enum_type()->full_name();
    EXPECT_TRUE(full_name == row[3] || absl::EndsWith(full_name, absl::StrCat(".", row[3])))
        << row[0] << "." << row[4] << " is a " << full_name << ", not a " << row[3];
    ++checked;
  }
  EXPECT_GT(checked, 10);
}

// The error table is what clients match on; its shape is checked here, its use by the server tests.
TEST(Wire, ErrorTableNamesCodesByNumber) {
  const auto rows = ReadTable("errors.tsv");
  EXPECT_GE(rows.size(), 60U);
  for (const auto& row : rows) {
    const int code = std::stoi(row[2]);
    EXPECT_TRUE(code >= 1 && code <= 16) << row[0];
    EXPECT_FALSE(row[3].empty()) << row[0];
  }
}

}  // namespace
}  // namespace stele::conformance
