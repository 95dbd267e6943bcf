#include "src/server/api/parse_request.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "proto/rpc.pb.h"

namespace stele::server {
namespace {

using namespace std::string_view_literals;

template <class Message>
std::string Fault(std::string_view bytes) {
  Message message;
  const absl::Status status = ParseRequest(bytes, &message);
  constexpr std::string_view kPrefix = "grpc: error unmarshalling request: ";
  std::string text(status.message());
  if (status.ok() || !text.starts_with(kPrefix)) return text;
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  return text.substr(kPrefix.size());
}

// The texts are what etcd 3.4 answered to the same bytes.
TEST(ParseRequestTest, SaysWhatEtcdSays) {
  using etcdserverpb::LeaseGrantRequest;
  using etcdserverpb::PutRequest;
  using etcdserverpb::TxnRequest;
  EXPECT_EQ(Fault<PutRequest>("\x08\x01"sv), "proto: wrong wireType = 0 for field Key");
  EXPECT_EQ(Fault<PutRequest>("\x1a\x01"
                              "a"sv),
            "proto: wrong wireType = 2 for field Lease");
  EXPECT_EQ(Fault<PutRequest>("\x22\x01"
                              "a"sv),
            "proto: wrong wireType = 2 for field PrevKv");
  EXPECT_EQ(Fault<PutRequest>("\x0b\x0c"sv), "proto: wrong wireType = 3 for field Key");
  EXPECT_EQ(Fault<PutRequest>("\x0d\0\0\0\0"sv), "proto: wrong wireType = 5 for field Key");
  EXPECT_EQ(Fault<PutRequest>("\x0f"sv), "proto: wrong wireType = 7 for field Key");
  EXPECT_EQ(Fault<PutRequest>("\x0c"sv), "proto: PutRequest: wiretype end group for non-group");
  EXPECT_EQ(Fault<PutRequest>("\x02\0"sv), "proto: PutRequest: illegal tag 0 (wire type 2)");
  EXPECT_EQ(Fault<PutRequest>("\x0a\x7f"sv), "unexpected EOF");
  EXPECT_EQ(Fault<PutRequest>("\xff\xff\xff"sv), "unexpected EOF");
  EXPECT_EQ(Fault<PutRequest>(std::string(13, '\xff')), "proto: integer overflow");
  EXPECT_EQ(Fault<TxnRequest>("\x12\x04\x12\x02\x08\x01"sv),
            "proto: wrong wireType = 0 for field Key");
  EXPECT_EQ(Fault<TxnRequest>("\x0a\x02\x38\x01"sv), "proto: wrong wireType = 0 for field Value");
  EXPECT_EQ(Fault<LeaseGrantRequest>("\x0a\x01"
                                     "a"sv),
            "proto: wrong wireType = 2 for field TTL");
}

TEST(ParseRequestTest, FieldsOfALaterVersionAreSkipped) {
  using etcdserverpb::PutRequest;
  const std::string key = "\x0a\x01k";
  for (const std::string_view later :
       {"\xf8\x01\x01"sv, "\xf9\x01\0\0\0\0\0\0\0\0"sv, "\xfa\x01\x02zz"sv, "\xfd\x01\0\0\0\0"sv,
        "\xfb\x01\x08\x01\x0b\x0c\xfc\x01"sv}) {
    PutRequest put;
    EXPECT_TRUE(ParseRequest(std::string(later) + key, &put).ok());
    EXPECT_EQ(put.key(), "k");
    EXPECT_EQ(Fault<PutRequest>(std::string(later) + "\x08\x01"),
              "proto: wrong wireType = 0 for field Key");
  }
  EXPECT_EQ(Fault<PutRequest>("\xff\x01"sv), "proto: illegal wireType 7");
}

TEST(ParseRequestTest, FiltersMayBePackedOrNot) {
  using etcdserverpb::WatchCreateRequest;
  for (const std::string_view bytes : {"\x28\x01\x28\x00"sv, "\x2a\x02\x01\x00"sv}) {
    WatchCreateRequest create;
    EXPECT_TRUE(ParseStreamMessage(bytes, &create).ok());
    EXPECT_EQ(create.filters_size(), 2);
  }
  etcdserverpb::WatchRequest request;
  EXPECT_EQ(ParseStreamMessage("\x08\x01"sv, &request).message(),
            "grpc: failed to unmarshal the received message proto: wrong wireType = 0 for field "
            "CreateRequest");
}

TEST(ParseRequestTest, DeepNestingIsParsed) {
  etcdserverpb::TxnRequest txn;
  etcdserverpb::TxnRequest* inner = &txn;
  for (int i = 0; i < 200; ++i) inner = inner->add_success()->mutable_request_txn();
  etcdserverpb::TxnRequest parsed;
  EXPECT_TRUE(ParseRequest(txn.SerializeAsString(), &parsed).ok());
}

}  // namespace
}  // namespace stele::server
