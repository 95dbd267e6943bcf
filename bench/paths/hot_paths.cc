// Runs one fixed piece of work through the server's own code, in this process and thread, so that
// callgrind can count the instructions of SessionPair::CountedTurn (bench/count_instructions).
//
//   hot_paths put|range|list|fanout      prints how many operations were counted
#include <cstdio>
#include <memory>
#include <string_view>

#include "bench/load/put_workload.h"
#include "bench/load/range_workload.h"
#include "bench/load/span_workload.h"
#include "bench/paths/runs.h"
#include "src/raft/check.h"

namespace stele::paths {
namespace {

constexpr int kClients = 50;
constexpr std::uint64_t kKeys = 2000;
constexpr std::size_t kValueBytes = 256;
constexpr int kRounds = 60;  // counted; as many before it fill the store and warm everything up

std::unique_ptr<load::Workload> Puts(load::KeyOrder order) {
  return std::make_unique<load::PutWorkload>(
      load::KeySequence::Options{.order = order, .key_space = kKeys}, kValueBytes);
}

// Returns the number of operations.
int CountUnary(SessionPair* pair, std::unique_ptr<load::Workload> workload) {
  UnaryClients clients(pair, std::move(workload), kClients);
  for (int i = 0; i < kRounds; ++i) clients.Round();
  pair->set_counted(true);
  for (int i = 0; i < kRounds; ++i) clients.Round();
  pair->set_counted(false);
  return kRounds * clients.clients();
}

void Fill(SessionPair* pair) {
  UnaryClients filler(pair, Puts(load::KeyOrder::kSequential), kClients);
  for (std::uint64_t i = 0; i < kKeys / kClients; ++i) filler.Round();
}

// Returns the number of keys that were listed.
int CountLists(SessionPair* pair) {
  constexpr int kLists = 10;
  UnaryClients client(pair,
                      std::make_unique<load::SpanWorkload>(
                          load::KeySequence::Options{.key_space = kKeys},
                          load::SpanWorkload::Options{.name = "list", .stride = kKeys}),
                      1);
  client.Round();
  pair->set_counted(true);
  for (int i = 0; i < kLists; ++i) client.Round();
  pair->set_counted(false);
  return kLists * static_cast<int>(kKeys);
}

// Every put on its own, so that events are not delivered in batches. Returns events.
int CountFanOut(SessionPair* pair) {
  constexpr int kWatchers = 1000;
  constexpr int kStreams = 10;
  constexpr int kPuts = 20;
  const Watchers watchers(pair, "00000000", kStreams, kWatchers);
  UnaryClients client(pair, Puts(load::KeyOrder::kOne), 1);
  for (int i = 0; i < kPuts; ++i) client.Round();
  pair->set_counted(true);
  for (int i = 0; i < kPuts; ++i) client.Round();
  pair->set_counted(false);
  STELE_CHECK(watchers.events() == std::uint64_t{2} * kPuts * kWatchers);
  return kPuts * kWatchers;
}

int Run(std::string_view what) {
  const ScratchDir dir;
  OneMember member(dir.path());
  SessionPair pair(member.methods(), &member, [&member] { member.RunRooms(); });
  int operations = 0;
  if (what == "put") {
    operations = CountUnary(&pair, Puts(load::KeyOrder::kSequential));
  } else if (what == "range") {
    Fill(&pair);
    operations = CountUnary(
        &pair, std::make_unique<load::RangeWorkload>(
                   load::KeySequence::Options{.order = load::KeyOrder::kRandom, .key_space = kKeys},
                   /*serializable=*/false));
  } else if (what == "list") {
    Fill(&pair);
    operations = CountLists(&pair);
  } else if (what == "fanout") {
    operations = CountFanOut(&pair);
  } else {
    std::fputs("usage: hot_paths put|range|list|fanout\n", stderr);
    return 1;
  }
  std::printf("%d\n", operations);
  return 0;
}

}  // namespace
}  // namespace stele::paths

int main(int argc, char** argv) { return stele::paths::Run(argc == 2 ? argv[1] : ""); }
