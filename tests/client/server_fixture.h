// One server for all cases of a suite, and several clients of it. The suite runs once for each
// kind of server; a case keeps to keys that start with its own name.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/client/client.h"
#include "tests/client/etcd_process.h"

namespace stele::client {

constexpr absl::Duration kPatience = absl::Seconds(20);

// "etcd", and "steled" where there is one.
inline std::vector<std::string> ServerKinds() {
  std::vector<std::string> kinds = {"etcd"};
  if (!SteledProgram().empty()) kinds.emplace_back("steled");
  return kinds;
}

class ServerFixture : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    client_ = NewClient();
    ASSERT_TRUE(client_->Get(KeyRange::One("ready")).ok());
    name_ = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    name_ = name_.substr(0, name_.find('/'));
  }

  static void TearDownTestSuite() { Servers().clear(); }

  static std::unique_ptr<Client> NewClient() {
    ClientOptions options;
    options.endpoints = {Server().endpoint()};
    options.dial_timeout = kPatience;
    options.call_timeout = kPatience;
    return *Client::Create(options);
  }

  static EtcdProcess& Server() {
    auto& cluster = Servers()[GetParam()];
    if (cluster.empty()) {
      cluster = StartEtcdCluster(1, GetParam() == "etcd" ? "etcd" : SteledProgram());
    }
    return *cluster[0];
  }

  static absl::Time Soon() { return absl::Now() + kPatience; }

  std::unique_ptr<Client> client_;
  std::string name_;  // of the case: the prefix of its keys

 private:
  using Cluster = std::vector<std::unique_ptr<EtcdProcess>>;
  static std::map<std::string, Cluster>& Servers() {
    static auto* const servers = new std::map<std::string, Cluster>();
    return *servers;
  }
};

}  // namespace stele::client
