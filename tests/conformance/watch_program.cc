#include "tests/conformance/watch_program.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/conformance/dice.h"
#include "tests/conformance/expansion.h"
#include "tests/conformance/key_universe.h"
#include "tests/conformance/message_match.h"
#include "tests/conformance/method_table.h"

namespace stele::conformance {
namespace {

using Kind = WatchStep::Kind;

constexpr int kRounds = 4;
constexpr int kStepsOfARound = 4;

class Generator {
 public:
  Generator(std::uint64_t seed, int programs) : dice_(seed) {
    bundle_.seed = seed;
    bundle_.prefix = absl::StrCat("w", seed, "/");
    for (int i = 0; i < programs; ++i) {
      universes_.emplace_back(&dice_, absl::StrCat(bundle_.prefix, i, "/"));
    }
  }

  WatchBundle Run() {
    for (int round = 0; round < kRounds; ++round) {
      if (round > 0) AddQuietSteps();
      for (int i = 0; i < kStepsOfARound; ++i) {
        for (const KeyUniverse& keys : universes_) {
          if (dice_.Chance(65)) {
            AddWrite(keys);
          } else {
            AddCreate(keys);
          }
        }
      }
    }
    return std::move(bundle_);
  }

 private:
  WatchStep& Add(Kind kind) {
    bundle_.steps.emplace_back().kind = kind;
    return bundle_.steps.back();
  }

  int AnyStream() { return static_cast<int>(dice_.Below(kWatchStreams)); }

  // Steps that wait until everything is told stand together, so that they wait once.
  void AddQuietSteps() {
    for (std::size_t i = 0; i < universes_.size(); ++i) {
      if (watches_ > 0 && dice_.Chance(50)) {
        Add(Kind::kCancel).watch = static_cast<int>(dice_.Below(watches_));
      }
      if (dice_.Chance(10)) Add(Kind::kProgress).stream = AnyStream();
      if (dice_.Chance(1)) Add(Kind::kReopen).stream = AnyStream();
    }
    if (!dice_.Chance(30)) return;
    etcdserverpb::CompactionRequest compaction;
    compaction.set_revision(kProgramStart + dice_.Below(writes_ + 1));
    compaction.set_physical(dice_.Chance(50));
    AddOperation(Kind::kCompact, "Compact", std::move(compaction));
  }

  template <class Request>
  void AddOperation(Kind kind, const char* method, Request request) {
    Add(kind).operation = {FindMethod(method), std::make_shared<const Request>(std::move(request))};
  }

  etcdserverpb::PutRequest Put(const KeyUniverse& keys) {
    etcdserverpb::PutRequest put;
    put.set_key(keys.Key(&dice_));
    put.set_value(KeyUniverse::Value(&dice_));
    return put;
  }

  etcdserverpb::DeleteRangeRequest Delete(const KeyUniverse& keys) {
    etcdserverpb::DeleteRangeRequest erase;
    auto [key, end] = keys.Range(&dice_);
    erase.set_key(std::move(key));
    erase.set_range_end(std::move(end));
    return erase;
  }

  void AddWrite(const KeyUniverse& keys) {
    ++writes_;
    switch (dice_.Weighted({55, 20, 25})) {
      case 0:
        return AddOperation(Kind::kWrite, "Put", Put(keys));
      case 1:
        return AddOperation(Kind::kWrite, "DeleteRange", Delete(keys));
      default: {
        etcdserverpb::TxnRequest txn;
        const std::int64_t count = 1 + dice_.Below(4);
        for (std::int64_t i = 0; i < count; ++i) {
          if (dice_.Chance(75)) {
            *txn.add_success()->mutable_request_put() = Put(keys);
          } else {
            *txn.add_success()->mutable_request_delete_range() = Delete(keys);
          }
        }
        return AddOperation(Kind::kWrite, "Txn", std::move(txn));
      }
    }
  }

  void AddCreate(const KeyUniverse& keys) {
    WatchStep& step = Add(Kind::kCreate);
    step.stream = AnyStream();
    step.watch = static_cast<int>(watches_++);
    auto [key, end] = keys.Range(&dice_);
    step.create.set_key(std::move(key));
    step.create.set_range_end(std::move(end));
    switch (dice_.Weighted({40, 45, 15})) {
      case 0:
        break;  // from now on
      case 1:
        step.create.set_start_revision(kProgramStart + 1 + dice_.Below(writes_ + 1));
        break;
      default:
        step.create.set_start_revision(kProgramStart + writes_ + dice_.Below(writes_ + 6));
    }
    step.create.set_prev_kv(dice_.Chance(40));
    step.create.set_fragment(dice_.Chance(20));
    if (dice_.Chance(10)) step.create.add_filters(etcdserverpb::WatchCreateRequest::NOPUT);
    if (dice_.Chance(10)) step.create.add_filters(etcdserverpb::WatchCreateRequest::NODELETE);
    // Ids of the client's choice lie far above those the server picks, and sometimes meet.
    if (dice_.Chance(15)) step.create.set_watch_id(1'000'000'000 + dice_.Below(50));
  }

  Dice dice_;
  std::vector<KeyUniverse> universes_;
  WatchBundle bundle_;
  std::int64_t writes_ = 0;
  std::int64_t watches_ = 0;
};

}  // namespace

WatchBundle GenerateWatchBundle(std::uint64_t seed, int programs) {
  return Generator(seed, programs).Run();
}

std::string DescribeWatchBundle(const WatchBundle& bundle) {
  Bindings bindings;
  bindings.base = kProgramStart;
  bindings.prefix = bundle.prefix;
  std::string text = absl::StrCat("case watch programs of seed ", bundle.seed, "\n");
  for (int stream = 0; stream < kWatchStreams; ++stream) {
    absl::StrAppend(&text, "open s", stream, " Watch\n");
  }
  for (const WatchStep& step : bundle.steps) {
    switch (step.kind) {
      case Kind::kWrite:
      case Kind::kCompact:
        absl::StrAppend(&text, "do ", step.operation.method->name(), " ",
                        DescribeMessage(*step.operation.request, bindings), "\n");
        break;
      case Kind::kCreate:
        absl::StrAppend(&text, "# watch ", step.watch, "\ns", step.stream, "> create_request { ",
                        DescribeMessage(step.create, bindings), " }\n");
        break;
      case Kind::kCancel:
        absl::StrAppend(&text, "# cancel of watch ", step.watch, "\n");
        break;
      case Kind::kProgress:
        absl::StrAppend(&text, "s", step.stream, "> progress_request { }\n");
        break;
      case Kind::kReopen:
        absl::StrAppend(&text, "open s", step.stream, " Watch\n");
        break;
    }
  }
  return text;
}

}  // namespace stele::conformance
