#include "src/client/endpoints.h"

#include <gtest/gtest.h>

namespace stele::client {
namespace {

std::string Authority(const std::string& text) {
  const auto endpoint = ParseEndpoint(text);
  return endpoint.ok() ? endpoint->authority : std::string(endpoint.status().message());
}

TEST(Endpoints, TakesUrlsAndBareAddresses) {
  EXPECT_EQ(Authority("http://10.0.0.1:2379"), "10.0.0.1:2379");
  EXPECT_EQ(Authority("db.example:22379"), "db.example:22379");
  EXPECT_EQ(Authority("http://[::1]:2379/"), "[::1]:2379");
}

TEST(Endpoints, MissingPortIsTheUsualOne) {
  EXPECT_EQ(Authority("db.example"), "db.example:2379");
  EXPECT_EQ(Authority("[::1]"), "[::1]:2379");
}

TEST(Endpoints, KeepsTheTextOfTheUser) {
  EXPECT_EQ(ParseEndpoint("http://a:1/")->text, "http://a:1/");
}

TEST(Endpoints, SaysWhatIsWrong) {
  EXPECT_EQ(Authority("https://a:1"),
            "endpoint \"https://a:1\" asks for TLS, which is not supported yet");
  EXPECT_EQ(Authority("ftp://a:1"), "endpoint \"ftp://a:1\" has a scheme that is not http");
  EXPECT_EQ(Authority(":2379"), "endpoint \":2379\" has no host");
  EXPECT_EQ(Authority("a:0"), "endpoint \"a:0\" has no valid port");
  EXPECT_EQ(Authority("a:65536"), "endpoint \"a:65536\" has no valid port");
  EXPECT_EQ(Authority("a:x"), "endpoint \"a:x\" has no valid port");
  EXPECT_EQ(Authority("http://a:1/v3"), "endpoint \"http://a:1/v3\" must not have a path");
}

TEST(Endpoints, SplitsLists) {
  const auto endpoints = ParseEndpoints(" http://a:1, b:2 ,,");
  ASSERT_TRUE(endpoints.ok());
  ASSERT_EQ(endpoints->size(), 2U);
  EXPECT_EQ((*endpoints)[1].authority, "b:2");
  EXPECT_FALSE(ParseEndpoints(" , ").ok());
  EXPECT_FALSE(ParseEndpoints("a:1,https://b").ok());
}

}  // namespace
}  // namespace stele::client
