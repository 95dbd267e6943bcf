#include "tests/conformance/server_group.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "proto/rpc.pb.h"
#include "src/raft/check.h"
#include "tests/conformance/wire_client.h"
#include "tests/process/ports.h"

namespace stele::conformance {
namespace {

constexpr char kDirectoryName[] = "stele-conformance";
constexpr int kStartAttempts = 3;  // A port may be taken between looking and listening.
constexpr absl::Duration kStartLimit = absl::Seconds(30);
constexpr absl::Duration kAskLimit = absl::Seconds(2);
constexpr std::uint64_t kRoomInMemory = std::uint64_t{4} << 30U;

// Memory if there is enough: what is compared does not depend on a disk, but waits for one.
std::filesystem::path DirectoryForData() {
  struct statvfs room {};
  if (statvfs("/dev/shm", &room) == 0 && room.f_bavail * room.f_frsize > kRoomInMemory) {
    return "/dev/shm";
  }
  return std::filesystem::temp_directory_path();
}

// Removes what runs left behind that were killed: the number in the name is that of a process.
void RemoveLeftovers(const std::filesystem::path& parent) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(parent, ignored)) {
    const std::vector<std::string> parts = absl::StrSplit(entry.path().filename().string(), '.');
    pid_t owner = 0;
    if (parts.size() != 3 || parts[0] != kDirectoryName || !absl::SimpleAtoi(parts[1], &owner)) {
      continue;
    }
    if (kill(owner, 0) != 0 && errno == ESRCH) std::filesystem::remove_all(entry.path(), ignored);
  }
}

std::filesystem::path MakeDirectory() {
  const std::filesystem::path parent = DirectoryForData();
  RemoveLeftovers(parent);
  std::string pattern = parent / absl::StrCat(kDirectoryName, ".", getpid(), ".XXXXXX");
  STELE_CHECK(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

std::string Loopback(int port) { return absl::StrCat("127.0.0.1:", port); }

bool IsEtcd(const std::filesystem::path& binary) { return binary.filename() == "etcd"; }

}  // namespace

std::filesystem::path FindProgram(const std::string& name) {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (std::filesystem::exists(self.parent_path() / name)) return self.parent_path() / name;
  const char* path = std::getenv("PATH");
  const std::vector<std::string> directories = absl::StrSplit(path == nullptr ? "" : path, ':');
  for (const std::string& directory : directories) {
    std::filesystem::path candidate = std::filesystem::path(directory) / name;
    if (!directory.empty() && std::filesystem::exists(candidate)) return candidate;
  }
  return {};
}

ServerGroup::ServerGroup(std::filesystem::path binary, GroupShape shape)
    : binary_(std::move(binary)), shape_(std::move(shape)), directory_(MakeDirectory()) {
  const std::vector<int> ports = process::FreePorts(2 * (shape_.members + shape_.spares));
  for (std::size_t i = 0; i < ports.size(); i += 2) {
    Member member;
    member.client_port = ports[i];
    member.peer_port = ports[i + 1];
    member.spare = static_cast<int>(i) / 2 >= shape_.members;
    members_.push_back(std::move(member));
  }
}

ServerGroup::~ServerGroup() {
  for (Member& member : members_) member.running.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

absl::StatusOr<std::unique_ptr<ServerGroup>> ServerGroup::Start(const std::filesystem::path& binary,
                                                                const GroupShape& shape) {
  absl::Status status;
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    std::unique_ptr<ServerGroup> group(new ServerGroup(binary, shape));
    for (int i = 1; i <= shape.members; ++i) group->StartAgain(i);
    status = absl::OkStatus();
    for (int i = 1; i <= shape.members && status.ok(); ++i) {
      status = group->WaitUntilServing(i, kStartLimit);
    }
    if (status.ok()) return group;
  }
  return status;
}

std::string ServerGroup::address(int member) const { return Loopback(At(member).client_port); }

std::string ServerGroup::peer_url(int member) const {
  return absl::StrCat("http://", Loopback(At(member).peer_port));
}

std::filesystem::path ServerGroup::LogOf(int member) const {
  return directory_ / absl::StrCat("m", member, ".log");
}

std::vector<std::string> ServerGroup::Arguments(int member) const {
  std::string cluster;
  const int known = At(member).spare ? member : shape_.members;
  for (int i = 1; i <= known; ++i) {
    absl::StrAppend(&cluster, i == 1 ? "" : ",", "m", i, "=", peer_url(i));
  }
  const std::string client_url = absl::StrCat("http://", address(member));
  std::vector<std::string> arguments = {
      absl::StrCat("--name=m", member),
      absl::StrCat("--data-dir=", (directory_ / absl::StrCat("m", member)).string()),
      absl::StrCat("--listen-client-urls=", client_url),
      absl::StrCat("--advertise-client-urls=", client_url),
      absl::StrCat("--listen-peer-urls=", peer_url(member)),
      absl::StrCat("--initial-advertise-peer-urls=", peer_url(member)),
      absl::StrCat("--initial-cluster=", cluster),
      absl::StrCat("--initial-cluster-state=", At(member).spare ? "existing" : "new")};
  if (IsEtcd(binary_)) arguments.emplace_back("--unsafe-no-fsync");
  arguments.insert(arguments.end(), shape_.flags.begin(), shape_.flags.end());
  return arguments;
}

void ServerGroup::Kill(int member) { At(member).running.reset(); }

void ServerGroup::StartAgain(int member) {
  At(member).running =
      std::make_unique<process::ServerProcess>(binary_, Arguments(member), LogOf(member));
}

absl::Status ServerGroup::WaitUntilServing(int member, absl::Duration limit) {
  const absl::Time deadline = absl::Now() + limit;
  // A linearizable read says more than /health, which also tells of alarms.
  WireClient client(address(member));
  etcdserverpb::RangeRequest request;
  request.set_key("k");
  const std::string bytes = request.SerializeAsString();
  while (absl::Now() < deadline && At(member).running->running()) {
    const Answer answer = client.Call("/etcdserverpb.KV/Range", bytes, {}, kAskLimit);
    if (answer.end.code == 0) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(10));
  }
  const std::string output = At(member).running->Output();
  constexpr std::size_t kShown = 600;
  return absl::UnavailableError(
      absl::StrCat(binary_.string(), " does not serve; it wrote: ...",
                   output.substr(output.size() > kShown ? output.size() - kShown : 0)));
}

void ServerGroup::Pause(int member) { At(member).running->Signal(SIGSTOP); }
void ServerGroup::Resume(int member) { At(member).running->Signal(SIGCONT); }

}  // namespace stele::conformance
