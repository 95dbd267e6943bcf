// get, put, del and compaction.
#include <iostream>
#include <iterator>
#include <memory>

#include "absl/strings/str_cat.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/go_text.h"
#include "src/client/cli/kv_requests.h"

namespace stele::cli {
namespace {

std::string ReadStandardInput() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

absl::Status Get(const GetFlags& flags, Session& session, const Arguments& arguments) {
  if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
  auto request = BuildRange(flags, arguments);
  if (!request.ok()) return request.status();
  if (flags.values_only && session.format() != Format::kSimple) {
    return Failure(kExitBadArguments, "print-value-only is only for `--write-out=simple`");
  }
  if (flags.count_only && session.format() == Format::kSimple) {
    return Failure(kExitBadArguments, "--count-only is only for `--write-out=fields`");
  }
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto response = (*client)->Range(*request, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(session.MakePrinter(flags.values_only)->Range(*response));
  return absl::OkStatus();
}

absl::Status Put(const PutFlags& flags, Session& session, const Arguments& arguments) {
  if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
  auto request = BuildPut(flags, arguments, ReadStandardInput);
  if (!request.ok()) return request.status();
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto response = (*client)->Put(*request, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(session.MakePrinter()->Put(*response));
  return absl::OkStatus();
}

absl::Status Delete(const DeleteFlags& flags, Session& session, const Arguments& arguments) {
  if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
  auto request = BuildDelete(flags, arguments);
  if (!request.ok()) return request.status();
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto response = (*client)->DeleteRange(*request, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(session.MakePrinter()->Delete(*response));
  return absl::OkStatus();
}

absl::Status Compact(bool physical, Session& session, const Arguments& arguments) {
  if (arguments.size() != 1) {
    return Failure(kExitBadArguments, "compaction command needs 1 argument");
  }
  auto revision = ParseInt(arguments[0], 10);
  if (!revision.ok()) return Failure(kExitError, std::string(revision.status().message()));
  auto client = session.client();
  if (!client.ok()) return client.status();
  etcdserverpb::CompactionRequest request;
  request.set_revision(*revision);
  request.set_physical(physical);
  auto response = (*client)->Compact(request, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(absl::StrCat("compacted revision ", *revision, "\n"));
  return absl::OkStatus();
}

// A runner that owns the flags `run` needs.
template <typename Flags>
Runner Prepare(FlagSet& set, absl::Status (*run)(const Flags&, Session&, const Arguments&)) {
  auto flags = std::make_shared<Flags>();
  flags->Register(set);
  return [flags, run](Session& session, const Arguments& arguments) {
    return run(*flags, session, arguments);
  };
}

Runner PrepareCompaction(FlagSet& set) {
  auto physical = std::make_shared<bool>(false);
  set.Add("physical", physical.get(), "Answer only when the history is gone from the disk");
  return [physical](Session& session, const Arguments& arguments) {
    return Compact(*physical, session, arguments);
  };
}

}  // namespace

std::vector<Command> KvCommands() {
  return {
      {"get", "<key> [range_end]", "Prints a key or a range of keys",
       "  stele get greeting                  the key and its value\n"
       "  stele get --prefix jobs/            every key that starts with jobs/\n"
       "  stele get a m                       the keys from a up to, but without, m\n"
       "  stele get greeting --rev=7          as it was at revision 7\n"
       "  stele get --prefix '' --keys-only   all keys there are\n",
       [](FlagSet& set) { return Prepare<GetFlags>(set, Get); }},
      {"put", "<key> [value]", "Stores a value under a key",
       "  stele put greeting hello\n"
       "  stele put config < config.yaml      the value from the standard input\n"
       "  stele put job running --lease=1a2b  goes away with its lease\n"
       "  stele put -- key -1                 a value that starts with a dash\n",
       [](FlagSet& set) { return Prepare<PutFlags>(set, Put); }},
      {"del", "<key> [range_end]", "Deletes a key or a range of keys",
       "  stele del greeting\n"
       "  stele del --prefix jobs/            every key that starts with jobs/\n",
       [](FlagSet& set) { return Prepare<DeleteFlags>(set, Delete); }},
      {"compaction", "<revision>", "Forgets the history below a revision",
       "  stele compaction 1200               reads and watches of older revisions fail from now "
       "on\n",
       PrepareCompaction},
  };
}

}  // namespace stele::cli
