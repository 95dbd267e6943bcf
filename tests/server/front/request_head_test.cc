#include "src/server/front/request_head.h"

#include <gtest/gtest.h>

namespace stele::server {
namespace {

RequestHead Minimal() {
  RequestHead head;
  head.Add(":method", "POST");
  head.Add(":path", "/s/m");
  return head;
}

TEST(RequestHeadTest, AnAuthorityMayBeAnything) {
  RequestHead head = Minimal();
  head.Add(":authority", "http://127.0.0.1:2379");  // grpc-go with a target that has a scheme
  head.Add(":scheme", "http");
  EXPECT_TRUE(head.IsWellFormed());
}

TEST(RequestHeadTest, MethodAndPathAreRequiredOnce) {
  RequestHead head;
  EXPECT_FALSE(head.IsWellFormed());
  head.Add(":method", "POST");
  EXPECT_FALSE(head.IsWellFormed());
  head.Add(":path", "/s/m");
  EXPECT_TRUE(head.IsWellFormed());
  head.Add(":path", "/s/other");
  EXPECT_FALSE(head.IsWellFormed());
}

TEST(RequestHeadTest, PseudoFieldsComeFirstAndAreKnown) {
  RequestHead late = Minimal();
  late.Add("te", "trailers");
  late.Add(":authority", "a");
  EXPECT_FALSE(late.IsWellFormed());
  RequestHead unknown = Minimal();
  unknown.Add(":status", "200");
  EXPECT_FALSE(unknown.IsWellFormed());
}

TEST(RequestHeadTest, FieldsThatCouldForgeOthersAreRefused) {
  for (const auto& [name, value] :
       std::initializer_list<std::pair<std::string, std::string>>{{"x", std::string("a\0b", 3)},
                                                                  {"x", "a\r\nb"},
                                                                  {std::string("x\0token", 7), "a"},
                                                                  {"Upper", "a"},
                                                                  {"with space", "a"},
                                                                  {"", "a"}}) {
    RequestHead head = Minimal();
    head.Add(name, value);
    EXPECT_FALSE(head.IsWellFormed()) << name;
    EXPECT_FALSE(FindField(head.fields, "token").has_value());
  }
}

}  // namespace
}  // namespace stele::server
