// stele-conformance: does this server answer like etcd?
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/conformance/case_suite.h"
#include "tests/conformance/random_programs.h"
#include "tests/conformance/report.h"
#include "tests/conformance/subject.h"
#include "tests/conformance/watch_programs.h"

namespace stele::conformance {
namespace {

struct Flags {
  std::vector<std::string> parts;
  std::string endpoint;
  std::string reference;
  std::string server;
  std::string reference_server;
  std::string cases_directory;
  std::string only;
  std::uint64_t seed = 1;
  int programs = 2000;
  int operations = 100;
  int watch_programs = 2000;
  int threads = 4;
  int seconds = 0;  // no limit
  bool record = false;
  bool json = false;
  bool no_reference = false;
  bool wipe = false;

  bool Wants(const std::string& part) const {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  }
};

// The files of this source tree, or those that were installed beside the program.
std::string DefaultCases() {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::filesystem::path installed =
      self.parent_path().parent_path() / "share/stele/conformance/cases";
  return std::filesystem::exists(installed) ? installed.string()
                                            : STELE_SOURCE_DIR "/tests/conformance/cases";
}

void AddServerFlags(CLI::App* app, Flags* flags) {
  app->add_option("--endpoint", flags->endpoint,
                  "host:port of the server to look at; without it, steled is started");
  app->add_option("--reference", flags->reference,
                  "host:port of the server to compare with; without it, etcd is started");
  app->add_option("--server", flags->server,
                  "program to start where a server of its own is needed (default: steled, unless "
                  "--endpoint is given)");
  app->add_option("--reference-server", flags->reference_server,
                  "the same for the reference (default: etcd, if installed, unless --reference is "
                  "given)");
  app->add_flag("--no-reference", flags->no_reference, "look at one server only");
  app->add_flag("--wipe", flags->wipe,
                "let programs use --endpoint and --reference: they delete everything there");
}

void AddPartFlags(CLI::App* app, Flags* flags) {
  app->add_option("part", flags->parts, "what to run (default: everything)")
      ->check(CLI::IsMember({"cases", "programs", "watches"}));
  app->add_option("--cases", flags->cases_directory, "directory of the cases");
  app->add_option("--only", flags->only, "only cases whose file and name contain this");
  app->add_option("--threads", flags->threads,
                  "servers of their own, or pairs of them, at the same time")
      ->check(CLI::Range(1, 64));
  app->add_flag("--record", flags->record,
                "write the answers of the server into the case files where they say <?");
  app->add_option("--seed", flags->seed, "of the first program");
  app->add_option("--programs", flags->programs, "random programs")
      ->envname("STELE_CONFORMANCE_PROGRAMS")
      ->check(CLI::NonNegativeNumber);
  app->add_option("--ops-per-program", flags->operations, "operations of a random program")
      ->check(CLI::PositiveNumber);
  app->add_option("--watch-programs", flags->watch_programs, "random watch programs")
      ->envname("STELE_CONFORMANCE_WATCH_PROGRAMS")
      ->check(CLI::NonNegativeNumber);
  app->add_option("--seconds", flags->seconds, "begin no generated programs after this time")
      ->check(CLI::PositiveNumber);
  app->add_flag("--json", flags->json, "report in JSON");
}

absl::StatusOr<std::vector<Case>> SelectCases(const Flags& flags) {
  absl::StatusOr<std::vector<Case>> cases = ReadCases(flags.cases_directory);
  if (!cases.ok()) return cases;
  std::erase_if(*cases, [&flags](const Case& test) {
    return !absl::StrContains(absl::StrCat(test.file, ": ", test.name), flags.only);
  });
  return cases;
}

absl::StatusOr<Subject> Obtain(const std::string& endpoint, const std::string& program) {
  return endpoint.empty() ? StartSubject(program) : UseEndpoint(endpoint, program);
}

// Which programs to start where no endpoint is named.
absl::Status FindServers(Flags* flags) {
  if (flags->server.empty() && flags->endpoint.empty()) {
    flags->server = FindProgram("steled").string();
    if (flags->server.empty()) {
      return absl::NotFoundError("there is no steled to start; name a server with --endpoint");
    }
  }
  if (flags->reference_server.empty() && flags->reference.empty() && !flags->no_reference) {
    flags->reference_server = FindProgram("etcd").string();
    flags->no_reference = flags->reference_server.empty();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Subject>> ObtainSubjects(const Flags& flags) {
  std::vector<Subject> subjects;
  absl::StatusOr<Subject> subject = Obtain(flags.endpoint, flags.server);
  if (!subject.ok()) return subject.status();
  subjects.push_back(*std::move(subject));
  if (flags.no_reference) return subjects;
  absl::StatusOr<Subject> reference = Obtain(flags.reference, flags.reference_server);
  if (!reference.ok()) return reference.status();
  subjects.push_back(*std::move(reference));
  return subjects;
}

absl::Status RunCasesPart(const Flags& flags, Report* report) {
  const absl::StatusOr<std::vector<Case>> cases = SelectCases(flags);
  if (!cases.ok()) return cases.status();
  const absl::StatusOr<std::vector<Subject>> subjects = ObtainSubjects(flags);
  if (!subjects.ok()) return subjects.status();
  report->cases = *cases;
  for (const Subject& subject : *subjects) {
    report->suites.push_back(RunCases(report->cases, subject, flags.threads));
    if (!flags.record) continue;
    absl::Status written = WriteRecordings(report->suites.back(), flags.cases_directory);
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

using CompareFn = std::function<ComparisonReport(const std::vector<ServerPair>&)>;

// Generated programs get fresh servers, `most_lanes` pairs of them, or may wipe those that were
// named.
absl::Status RunComparison(const Flags& flags, int most_lanes, const CompareFn& compare,
                           Report* report) {
  if (flags.no_reference) {
    if (flags.parts.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError("generated programs compare: name a reference");
  }
  const bool named = !flags.endpoint.empty() || !flags.reference.empty();
  if (named && !flags.wipe) {
    return absl::FailedPreconditionError(
        "programs delete everything in the servers they run on: say --wipe if that is wanted");
  }
  std::vector<std::vector<Subject>> running;
  std::vector<ServerPair> lanes;
  for (int i = 0; i < (named ? 1 : most_lanes); ++i) {
    absl::StatusOr<std::vector<Subject>> subjects = ObtainSubjects(flags);
    if (!subjects.ok()) return subjects.status();
    running.push_back(*std::move(subjects));
    lanes.push_back({.subject = running.back()[0].address, .reference = running.back()[1].address});
  }
  ComparisonReport part = compare(lanes);
  part.subject = running[0][0].name;
  part.reference = running[0][1].name;
  report->comparisons.push_back(std::move(part));
  return absl::OkStatus();
}

absl::Time UntilOf(const Flags& flags) {
  return flags.seconds > 0 ? absl::Now() + absl::Seconds(flags.seconds) : absl::InfiniteFuture();
}

absl::Status RunParts(Flags flags, Report* report) {
  absl::Status status = FindServers(&flags);
  if (status.ok() && flags.Wants("cases")) status = RunCasesPart(flags, report);
  if (status.ok() && flags.Wants("programs")) {
    const RandomProgramOptions options{.first_seed = flags.seed,
                                       .programs = flags.programs,
                                       .operations = flags.operations,
                                       .until = UntilOf(flags)};
    status = RunComparison(
        flags, flags.threads,
        [&options](const std::vector<ServerPair>& lanes) {
          return CompareRandomPrograms(lanes, options);
        },
        report);
  }
  if (status.ok() && flags.Wants("watches")) {
    const WatchProgramOptions options{
        .first_seed = flags.seed, .programs = flags.watch_programs, .until = UntilOf(flags)};
    status = RunComparison(
        flags, flags.threads,
        [&options](const std::vector<ServerPair>& lanes) {
          return CompareWatchPrograms(lanes, options);
        },
        report);
  }
  return status;
}

int Run(const Flags& flags) {
  Report report;
  const absl::Status status = RunParts(flags, &report);
  if (!status.ok()) {
    std::cerr << "stele-conformance: " << status.message() << "\n";
    return 2;
  }
  std::cout << (flags.json ? ReportJson(report) : ReportText(report));
  return report.passed() ? 0 : 1;
}

}  // namespace
}  // namespace stele::conformance

int main(int argc, char** argv) try {
  // Servers are started while calls are under way; gRPC's own handling of fork() is not up to that,
  // and a child that only executes another program has no need of it.
  setenv("GRPC_ENABLE_FORK_SUPPORT", "0", 1);
  CLI::App app(
      "Compares a server of the etcd v3 API with etcd: the same requests, the same answers.",
      "stele-conformance");
  stele::conformance::Flags flags;
  flags.cases_directory = stele::conformance::DefaultCases();
  stele::conformance::AddServerFlags(&app, &flags);
  stele::conformance::AddPartFlags(&app, &flags);
  CLI11_PARSE(app, argc, argv);
  return stele::conformance::Run(flags);
} catch (const std::exception& error) {
  std::fprintf(stderr, "stele-conformance: %s\n", error.what());
  return 2;
}
