#include "tests/process/cluster.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>

#include "src/raft/check.h"
#include "tests/process/ports.h"

namespace stele::process {
namespace {

// How long a healthy machine may take for anything; only failures ever wait that long.
constexpr absl::Duration kPatience = absl::Seconds(30);

std::filesystem::path MakeDirectory() {
  std::string pattern = absl::StrCat(::testing::TempDir(), "/stele-process-XXXXXX");
  STELE_CHECK(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

absl::Status Read(MemberClient& client) {
  etcdserverpb::RangeRequest request;
  request.set_key("health");
  return client.Range(request, absl::Seconds(1)).status();
}

}  // namespace

bool WaitFor(absl::Duration timeout, const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

Cluster::Cluster(Options options) : options_(std::move(options)), directory_(MakeDirectory()) {
  // A port may be taken between our choice and the server's bind; then all start over.
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (TryStart()) {
      WaitUntilAllServe();
      return;
    }
  }
  ADD_FAILURE() << "the cluster did not start";
}

Cluster::~Cluster() {
  for (Member& member : members_) member.process.reset();
  for (Member& member : members_) member.disk.reset();
  if (::testing::Test::HasFailure()) {
    PrintLogs();
    return;
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

bool Cluster::TryStart() {
  members_.clear();
  const std::vector<int> ports = FreePorts(2 * options_.members);
  for (int i = 0; i < options_.members; ++i) {
    members_.push_back(
        MakeMember(absl::StrCat("m", i), ports[Index(2 * i)], ports[Index(2 * i + 1)]));
  }
  const std::string everybody =
      absl::StrJoin(members_, ",", [](std::string* out, const Member& each) {
        absl::StrAppend(out, each.name, "=", each.peer_url);
      });
  for (Member& member : members_) member.initial_cluster = everybody;
  for (int i = 0; i < size(); ++i) Restart(i);
  return WaitFor(kPatience,
                 [this] {
                   return std::ranges::all_of(members_, [](Member& member) {
                     return !member.process->running() ||
                            absl::StrContains(member.process->Output(),
                                              "ready to serve client requests");
                   });
                 }) &&
         std::ranges::all_of(members_, [](Member& member) { return member.process->running(); });
}

Cluster::Member Cluster::MakeMember(const std::string& name, int client_port, int peer_port) const {
  Member member;
  member.name = name;
  member.address = absl::StrCat("127.0.0.1:", client_port);
  member.peer_url = absl::StrCat("http://127.0.0.1:", peer_port);
  member.data_dir = directory_ / absl::StrCat(name, ".data");
  member.log = directory_ / absl::StrCat(name, ".log");
  member.client = std::make_unique<MemberClient>(member.address);
  std::filesystem::remove_all(member.data_dir);
  if (options_.disk_bytes > 0) {
    member.disk =
        std::make_unique<LoopDisk>(directory_ / absl::StrCat(name, ".image"),
                                   directory_ / absl::StrCat(name, ".disk"), options_.disk_bytes);
    member.data_dir = member.disk->path() / "data";
  }
  return member;
}

int Cluster::Prepare(const std::string& name) {
  const std::vector<int> ports = FreePorts(2);
  members_.push_back(MakeMember(name, ports[0], ports[1]));
  return size() - 1;
}

void Cluster::Join(int i, const std::string& initial_cluster) {
  members_[Index(i)].initial_cluster = initial_cluster;
  members_[Index(i)].joins = true;
  Restart(i);
}

void Cluster::set_peer_url(int i, const std::string& url) {
  Member& member = members_[Index(i)];
  member.initial_cluster = absl::StrReplaceAll(member.initial_cluster, {{member.peer_url, url}});
  member.peer_url = url;
}

std::vector<std::string> Cluster::Arguments(int i) const {
  const Member& member = members_[Index(i)];
  const std::string client_url = absl::StrCat("http://", member.address);
  std::vector<std::string> arguments{"--name",
                                     member.name,
                                     "--data-dir",
                                     member.data_dir,
                                     "--listen-client-urls",
                                     client_url,
                                     "--advertise-client-urls",
                                     client_url,
                                     "--listen-peer-urls",
                                     member.peer_url,
                                     "--initial-advertise-peer-urls",
                                     member.peer_url,
                                     "--initial-cluster",
                                     member.initial_cluster,
                                     "--initial-cluster-state",
                                     member.joins ? "existing" : "new",
                                     "--initial-cluster-token",
                                     directory_.filename()};
  arguments.insert(arguments.end(), options_.flags.begin(), options_.flags.end());
  return arguments;
}

void Cluster::Restart(int i) {
  Member& member = members_[Index(i)];
  member.process.reset();
  member.process = std::make_unique<ServerProcess>(ServerBinary(), Arguments(i), member.log);
}

void Cluster::Kill(int i) {
  process(i).Signal(SIGKILL);
  EXPECT_EQ(process(i).WaitForExit(kPatience), 128 + SIGKILL);
}

void Cluster::KillAll() {
  for (int i = 0; i < size(); ++i) process(i).Signal(SIGKILL);
  for (int i = 0; i < size(); ++i) EXPECT_TRUE(process(i).WaitForExit(kPatience).has_value());
}

void Cluster::Pause(int i) { process(i).Signal(SIGSTOP); }

void Cluster::Resume(int i) { process(i).Signal(SIGCONT); }

void Cluster::WaitUntilServing(int i) {
  absl::Status answer = absl::UnavailableError("not ready");
  const bool serves = WaitFor(kPatience, [&] {
    if (!absl::StrContains(process(i).Output(), "ready to serve client requests")) return false;
    answer = Read(client(i));
    return answer.ok();
  });
  EXPECT_TRUE(serves) << "member " << i << " does not serve: " << answer;
}

void Cluster::WaitUntilAllServe() {
  for (int i = 0; i < size(); ++i) WaitUntilServing(i);
}

int Cluster::Leader() {
  int leader = -1;
  std::uint64_t highest_term = 0;
  EXPECT_TRUE(WaitFor(kPatience, [&] {
    leader = -1;
    highest_term = 0;
    for (int i = 0; i < size(); ++i) {
      if (!process(i).running()) continue;
      const auto status = client(i).Status(absl::Milliseconds(500));
      if (!status.ok() || status->leader() == 0) continue;
      if (status->leader() == status->header().member_id() && status->raftterm() > highest_term) {
        leader = i;
        highest_term = status->raftterm();
      }
    }
    return leader >= 0 && Read(client(leader)).ok();
  })) << "no leader";
  return std::max(leader, 0);
}

void Cluster::PrintLogs() const {
  constexpr std::ptrdiff_t kLines = 40;
  for (const Member& member : members_) {
    std::ifstream file(member.log);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::vector<std::string> lines = absl::StrSplit(text, '\n');
    std::cerr << "--- end of " << member.log << "\n"
              << absl::StrJoin(lines.end() - std::min(kLines, std::ssize(lines)), lines.end(), "\n")
              << "\n";
  }
}

}  // namespace stele::process
