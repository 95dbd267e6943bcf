#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/election.pb.h"
#include "proto/health.pb.h"
#include "proto/lock.pb.h"
#include "src/server/api/client_methods.h"

namespace stele::server {
namespace {

// The handlers' ports are not needed to look at the table.
class MethodTableTest : public ::testing::Test {
 protected:
  MethodTableTest() {
    Method watch;
    watch.path = "/etcdserverpb.Watch/Watch";
    watch.kind = MethodKind::kBidiStream;
    AddClientMethods({}, {}, std::move(watch), &rows_);
  }

  MethodRows rows_;
};

void ExpectRows(const MethodRows& rows, const google::protobuf::FileDescriptor* file) {
  for (int i = 0; i < file->service_count(); ++i) {
    const google::protobuf::ServiceDescriptor* service = file->service(i);
    EXPECT_TRUE(rows.HasService(service->full_name()));
    for (int j = 0; j < service->method_count(); ++j) {
      const std::string path =
          absl::StrCat("/", service->full_name(), "/", service->method(j)->name());
      EXPECT_NE(rows.Find(path), nullptr) << path;
    }
  }
}

TEST_F(MethodTableTest, EveryMethodOfTheWireHasARow) {
  ExpectRows(rows_, etcdserverpb::RangeRequest::descriptor()->file());
  ExpectRows(rows_, v3lockpb::LockRequest::descriptor()->file());
  ExpectRows(rows_, v3electionpb::CampaignRequest::descriptor()->file());
  ExpectRows(rows_, grpc::health::v1::HealthCheckRequest::descriptor()->file());
}

TEST_F(MethodTableTest, StreamingMethodsThatAreServedAreStreams) {
  EXPECT_EQ(rows_.Find("/etcdserverpb.Lease/LeaseKeepAlive")->kind, MethodKind::kBidiStream);
  EXPECT_EQ(rows_.Find("/grpc.health.v1.Health/Watch")->kind, MethodKind::kServerStream);
  EXPECT_EQ(rows_.Find("/etcdserverpb.KV/RangeStream")->kind, MethodKind::kServerStream);
  EXPECT_EQ(rows_.Find("/v3electionpb.Election/Observe")->kind, MethodKind::kServerStream);
  EXPECT_EQ(rows_.Find("/etcdserverpb.KV/Put")->kind, MethodKind::kUnary);
}

// Rows of the methods table in the document: service, served, answers Unimplemented.
std::string OpenMethodsOf(const std::string& document, const std::string& service) {
  for (const absl::string_view line : absl::StrSplit(document, '\n')) {
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (cells.size() < 4) continue;
    for (const absl::string_view name : absl::StrSplit(cells[1], ',')) {
      if (service.ends_with(std::string(absl::StripAsciiWhitespace(name)))) return cells[3];
    }
  }
  return "";
}

TEST_F(MethodTableTest, TheDocumentNamesWhatIsNotThereYet) {
  std::ifstream file(STELE_SOURCE_DIR "/docs/compatibility.md");
  std::stringstream document;
  document << file.rdbuf();
  EXPECT_FALSE(rows_.UnimplementedPaths().empty());
  for (const std::string& path : rows_.UnimplementedPaths()) {
    const std::vector<std::string> parts = absl::StrSplit(path, '/');  // "", service, method
    const std::string open = OpenMethodsOf(document.str(), parts.at(1));
    EXPECT_TRUE(open.find(parts.at(2)) != std::string::npos ||
                open.find("all") != std::string::npos)
        << path << " is not in docs/compatibility.md";
  }
}

}  // namespace
}  // namespace stele::server
