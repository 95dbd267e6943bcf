// member add, remove, update, promote and list; move-leader.
#include <cinttypes>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/go_text.h"
#include "src/client/cli/kv_requests.h"

namespace stele::cli {
namespace {

struct MemberFlags {
  std::string peer_urls;
  bool learner = false;
  std::string consistency = "l";
};

// What every change starts with: its format checked and a client made.
absl::StatusOr<client::Client*> Begin(Session& session) {
  for (const Format format : {Format::kFields, Format::kTable}) {
    if (absl::Status refused = session.Refuse(format); !refused.ok()) return refused;
  }
  return session.client();
}

absl::StatusOr<uint64_t> OneMember(const Arguments& arguments) {
  if (arguments.size() != 1) return Failure(kExitBadArguments, "member ID is not provided");
  auto id = ParseHexId(arguments[0]);
  if (id.ok()) return id;
  return Failure(kExitBadArguments,
                 absl::StrCat("bad member ID arg (", std::string(id.status().message()),
                              "), expecting ID in Hex"));
}

absl::StatusOr<std::vector<std::string>> PeerUrls(const MemberFlags& flags) {
  if (flags.peer_urls.empty()) {
    return Failure(kExitBadArguments, "member peer urls not provided");
  }
  return std::vector<std::string>(absl::StrSplit(flags.peer_urls, ','));
}

// "Member <id> <what> cluster <id>", ids padded as etcd's command line pads them.
std::string Sentence(uint64_t id, const std::string& what,
                     const etcdserverpb::ResponseHeader& header) {
  return absl::StrFormat("Member %16x %s cluster %16x\n", id, what, header.cluster_id());
}

// What the new member's process is to be started with. The names are etcd's, so that scripts that
// read them go on working; steled reads them, too.
std::string Environment(const std::string& name, const std::string& peer_urls,
                        const etcdserverpb::MemberAddResponse& response) {
  std::vector<std::string> members;
  for (const auto& member : response.members()) {
    const std::string& known = member.id() == response.member().id() ? name : member.name();
    for (const auto& url : member.peerurls()) members.push_back(absl::StrCat(known, "=", url));
  }
  return absl::StrCat("\nETCD_NAME=", Quote(name),
                      "\nETCD_INITIAL_CLUSTER=", Quote(absl::StrJoin(members, ",")),
                      "\nETCD_INITIAL_ADVERTISE_PEER_URLS=", Quote(peer_urls),
                      "\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n");
}

absl::Status CheckAddArguments(const Arguments& arguments) {
  if (arguments.empty()) return Failure(kExitBadArguments, "member name not provided");
  if (arguments.size() == 1) return absl::OkStatus();
  std::string line = "too many arguments";
  for (const std::string& argument : arguments) {
    if (absl::StartsWith(absl::AsciiStrToLower(argument), "http")) {
      absl::StrAppend(&line, ", did you mean --peer-urls=", argument);
    }
  }
  return Failure(kExitBadArguments, line);
}

absl::Status Add(const MemberFlags& flags, Session& session, const Arguments& arguments) {
  if (absl::Status checked = CheckAddArguments(arguments); !checked.ok()) return checked;
  auto urls = PeerUrls(flags);
  if (!urls.ok()) return urls.status();
  auto client = Begin(session);
  if (!client.ok()) return client.status();
  auto response = (*client)->MemberAdd(*urls, flags.learner, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  const std::string what = response->member().islearner() ? "added as learner to" : "added to";
  std::string text = session.MakePrinter()->Done(
      *response, Sentence(response->member().id(), what, response->header()));
  if (session.format() == Format::kSimple) {
    text += Environment(arguments[0], flags.peer_urls, *response);
  }
  Session::Write(text);
  return absl::OkStatus();
}

absl::Status Remove(const MemberFlags& /*flags*/, Session& session, const Arguments& arguments) {
  auto id = OneMember(arguments);
  if (!id.ok()) return id.status();
  auto client = Begin(session);
  if (!client.ok()) return client.status();
  auto response = (*client)->MemberRemove(*id, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(
      session.MakePrinter()->Done(*response, Sentence(*id, "removed from", response->header())));
  return absl::OkStatus();
}

absl::Status Update(const MemberFlags& flags, Session& session, const Arguments& arguments) {
  auto id = OneMember(arguments);
  if (!id.ok()) return id.status();
  auto urls = PeerUrls(flags);
  if (!urls.ok()) return urls.status();
  auto client = Begin(session);
  if (!client.ok()) return client.status();
  auto response = (*client)->MemberUpdate(*id, *urls, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(
      session.MakePrinter()->Done(*response, Sentence(*id, "updated in", response->header())));
  return absl::OkStatus();
}

absl::Status Promote(const MemberFlags& /*flags*/, Session& session, const Arguments& arguments) {
  auto id = OneMember(arguments);
  if (!id.ok()) return id.status();
  auto client = Begin(session);
  if (!client.ok()) return client.status();
  auto response = (*client)->MemberPromote(*id, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(
      session.MakePrinter()->Done(*response, Sentence(*id, "promoted in", response->header())));
  return absl::OkStatus();
}

absl::Status List(const MemberFlags& flags, Session& session, const Arguments& /*arguments*/) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto response = (*client)->MemberList(flags.consistency != "s", session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(session.MakePrinter()->MemberList(*response));
  return absl::OkStatus();
}

absl::Status MoveLeader(Session& session, const Arguments& arguments) {
  if (arguments.size() != 1) {
    return Failure(kExitBadArguments, "move-leader command needs 1 argument");
  }
  auto target = ParseHexId(arguments[0]);
  if (!target.ok()) return Failure(kExitBadArguments, std::string(target.status().message()));
  for (const Format format : {Format::kFields, Format::kTable}) {
    if (absl::Status refused = session.Refuse(format); !refused.ok()) return refused;
  }
  // Only the leader does this, and only its own endpoint is it.
  for (const std::string& endpoint : session.flags().endpoints) {
    auto client = session.ClientOf(endpoint);
    if (!client.ok()) return client.status();
    auto status = (*client)->Status(session.call_options());
    if (!status.ok()) return CallFailure(session, status.status());
    if (status->leader() != status->header().member_id()) continue;
    auto response = (*client)->MoveLeader(*target, session.call_options());
    if (!response.ok()) return CallFailure(session, response.status());
    Session::Write(session.MakePrinter()->Done(
        *response,
        absl::StrFormat("Leadership transferred from %x to %x\n", status->leader(), *target)));
    return absl::OkStatus();
  }
  return Failure(kExitBadArguments,
                 absl::StrCat("no leader endpoint given at [",
                              absl::StrJoin(session.flags().endpoints, " "), "]"));
}

using FlaggedRun = absl::Status (*)(const MemberFlags&, Session&, const Arguments&);

// Registers those of the flags that the command has.
struct Wants {
  bool peer_urls = false;
  bool learner = false;
  bool consistency = false;
};

std::function<Runner(FlagSet&)> Prepare(FlaggedRun run, Wants wants) {
  return [run, wants](FlagSet& set) -> Runner {
    auto flags = std::make_shared<MemberFlags>();
    if (wants.peer_urls) {
      set.Add("peer-urls", &flags->peer_urls, "The peer URLs, separated by commas");
    }
    if (wants.learner) set.Add("learner", &flags->learner, "Add it as a learner, without a vote");
    if (wants.consistency) {
      set.Add("consistency", &flags->consistency, "Linearizable (l) or serializable (s)");
    }
    return [flags, run](Session& session, const Arguments& arguments) {
      return run(*flags, session, arguments);
    };
  };
}

}  // namespace

std::vector<Command> MemberCommands() {
  return {
      {"member add", "<name>", "Adds a member and prints what to start it with",
       "  stele member add m4 --peer-urls=http://10.0.0.4:2380\n",
       Prepare(Add, {.peer_urls = true, .learner = true})},
      {"member remove", "<member id>", "Removes a member for ever",
       "  stele member remove 8e9e05c52164694d\n", Prepare(Remove, {})},
      {"member update", "<member id>", "Gives a member other peer URLs",
       "  stele member update 8e9e05c52164694d --peer-urls=http://10.0.0.9:2380\n",
       Prepare(Update, {.peer_urls = true})},
      {"member promote", "<member id>", "Makes a voter of a learner that has caught up", "",
       Prepare(Promote, {})},
      {"member list", "", "Prints the members of the cluster", "  stele member list -w table\n",
       Prepare(List, {.consistency = true})},
      {"move-leader", "<member id>", "Hands leadership over to another member",
       "  The endpoints must include the leader's.\n",
       [](FlagSet&) -> Runner { return MoveLeader; }},
  };
}

}  // namespace stele::cli
