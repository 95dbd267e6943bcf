#include "tests/conformance/watch_driver.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/conformance/expansion.h"
#include "tests/conformance/method_table.h"
#include "tests/conformance/watch_expectation.h"
#include "tests/conformance/watch_judge.h"

namespace stele::conformance {
namespace {

using Kind = WatchStep::Kind;
using etcdserverpb::WatchRequest;
using etcdserverpb::WatchResponse;

constexpr char kWatchPath[] = "/etcdserverpb.Watch/Watch";
constexpr absl::Duration kBundleLimit = absl::Minutes(5);
constexpr absl::Duration kTellLimit = absl::Seconds(10);
constexpr absl::Duration kProgressPause = absl::Milliseconds(50);

struct LiveWatch {
  int name = 0;
  int stream = 0;
  std::int64_t id = 0;
  WatchExpectation expectation;
  WatchJudge judge;
  std::size_t told = 0;  // events so far
};

class BundleRun {
 public:
  BundleRun(WireClient* client, const WatchBundle& bundle) : client_(client), bundle_(bundle) {}

  absl::StatusOr<WatchBundleOutcome> Run() {
    if (absl::Status begun = Begin(); !begun.ok()) return begun;
    for (const WatchStep& step : bundle_.steps) {
      if (absl::Status done = RunStep(step); !done.ok()) return done;
    }
    if (absl::Status told = Settle(); !told.ok()) return told;
    if (absl::Status cancelled = CancelAll(); !cancelled.ok()) return cancelled;
    return std::move(outcome_);
  }

 private:
  absl::Status Begin() {
    for (int i = 0; i < kWatchStreams; ++i) Open(i);
    etcdserverpb::RangeRequest range;
    range.set_key(bundle_.prefix);
    etcdserverpb::RangeResponse found;
    const CallEnd end = client_->CallOnce("/etcdserverpb.KV/Range", range, &found);
    if (end.code != 0) return absl::UnavailableError(end.text);
    header_ = found.header();
    start_ = newest_ = header_.revision();
    history_ = client_->Open(kWatchPath, {}, kBundleLimit);
    WatchRequest request;
    request.mutable_create_request()->set_key(bundle_.prefix);
    request.mutable_create_request()->set_range_end(EndOfPrefix(bundle_.prefix));
    history_->Write(request.SerializeAsString());
    WatchResponse created;
    const std::optional<std::string> message = history_->Read(kTellLimit);
    if (!message || !created.ParseFromString(*message) || !created.created()) {
      return absl::UnavailableError("no watch of the history");
    }
    return absl::OkStatus();
  }

  void Open(int stream) {
    streams_[static_cast<std::size_t>(stream)] = client_->Open(kWatchPath, {}, kBundleLimit);
  }

  WireCall& StreamAt(int stream) { return *streams_[static_cast<std::size_t>(stream)]; }

  absl::Status RunStep(const WatchStep& step) {
    if (step.kind != Kind::kWrite && step.kind != Kind::kCreate) {
      if (absl::Status told = Settle(); !told.ok()) return told;
    }
    switch (step.kind) {
      case Kind::kCompact:
        if (absl::Status seen = LetAllBeLookedAt(); !seen.ok()) return seen;
        return Write(step);
      case Kind::kWrite:
        return Write(step);
      case Kind::kCreate:
        return Create(step);
      case Kind::kCancel:
        return Cancel(step.watch);
      case Kind::kProgress:
        return AskProgress(step.stream);
      case Kind::kReopen:
        std::erase_if(live_, [&](const LiveWatch& watch) { return watch.stream == step.stream; });
        Open(step.stream);
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  // A server may look at watches that begin in the past later (etcd: within 100 ms). A compaction
  // before that ends those that have been told nothing, a later one does not. When a watch that was
  // made after them on their stream has been told something, they have been looked at.
  absl::Status LetAllBeLookedAt() {
    if (newest_ == std::max(start_, compacted_)) return absl::OkStatus();  // nothing to compact
    const int first = next_probe_;
    for (int stream = 0; stream < kWatchStreams; ++stream) {
      WatchStep probe;
      probe.stream = stream;
      probe.watch = next_probe_--;
      probe.create.set_key(bundle_.prefix);
      probe.create.set_range_end(EndOfPrefix(bundle_.prefix));
      probe.create.set_start_revision(newest_);
      MakeRevisionsRelative(&probe.create, start_);
      if (absl::Status created = Create(probe); !created.ok()) return created;
    }
    if (absl::Status told = Settle(); !told.ok()) return told;
    for (int name = first; name > next_probe_; --name) {
      if (absl::Status ended = Cancel(name); !ended.ok()) return ended;
    }
    return absl::OkStatus();
  }

  absl::Status Write(const WatchStep& step) {
    const auto request = NewMessage(step.operation.method->input_type());
    request->CopyFrom(*step.operation.request);
    MakeRevisionsAbsolute(request.get(), start_);
    const auto response = NewMessage(step.operation.method->output_type());
    const CallEnd end = client_->CallOnce(PathOf(*step.operation.method), *request, response.get());
    if (end.code == static_cast<int>(absl::StatusCode::kUnavailable)) {
      return absl::UnavailableError(end.text);
    }
    if (end.code != 0) return absl::OkStatus();  // on both servers, or the histories differ
    const auto* field = response->GetDescriptor()->FindFieldByName("header");
    const auto& header = static_cast<const etcdserverpb::ResponseHeader&>(
        response->GetReflection()->GetMessage(*response, field));
    newest_ = std::max(newest_, header.revision());
    if (step.kind == Kind::kCompact) {
      compacted_ = static_cast<const etcdserverpb::CompactionRequest&>(*request).revision();
    }
    return absl::OkStatus();
  }

  absl::Status Create(const WatchStep& step) {
    WatchRequest request;
    *request.mutable_create_request() = step.create;
    MakeRevisionsAbsolute(&request, start_);
    StreamAt(step.stream).Write(request.SerializeAsString());
    WatchResponse created;
    absl::Status answered = ReadUntil(
        step.stream, [](const WatchResponse& response) { return response.created(); }, &created);
    if (!answered.ok()) return answered;
    WatchOutcome& outcome = outcome_.watches[step.watch];
    outcome.created = Comparable(created);
    if (created.canceled()) return absl::OkStatus();
    LiveWatch watch;
    watch.name = step.watch;
    watch.stream = step.stream;
    watch.id = created.watch_id();
    watch.judge = WatchJudge(request.create_request().fragment());
    watch.expectation =
        WatchExpectation(request.create_request(), created.header().revision(), compacted_);
    live_.push_back(std::move(watch));
    return absl::OkStatus();
  }

  absl::Status Cancel(int name) {
    const auto found = std::find_if(live_.begin(), live_.end(),
                                    [name](const LiveWatch& watch) { return watch.name == name; });
    if (found == live_.end()) return absl::OkStatus();
    const int stream = found->stream;
    const std::int64_t id = found->id;
    AskToCancel(*found);
    WatchResponse last;
    return ReadUntil(
        stream,
        [id](const WatchResponse& response) {
          return response.canceled() && response.watch_id() == id;
        },
        &last);
  }

  void AskToCancel(const LiveWatch& watch) {
    WatchRequest request;
    request.mutable_cancel_request()->set_watch_id(watch.id);
    StreamAt(watch.stream).Write(request.SerializeAsString());
  }

  // Every watch that is left must end, and end with what it was told in between.
  absl::Status CancelAll() {
    for (const LiveWatch& watch : live_) AskToCancel(watch);
    while (!live_.empty()) {
      WatchResponse answer;
      if (absl::Status read = ReadOne(live_.front().stream, &answer); !read.ok()) return read;
      Route(live_.front().stream, answer);
    }
    return absl::OkStatus();
  }

  // The server answers only when it considers every watch of the stream up to date, so it is asked
  // until it does.
  absl::Status AskProgress(int stream) {
    const bool watched = std::any_of(live_.begin(), live_.end(), [stream](const LiveWatch& watch) {
      return watch.stream == stream;
    });
    if (!watched) return absl::OkStatus();  // etcd 3.4 answers even then, later releases do not
    for (const LiveWatch& watch : live_) {
      // etcd 3.4 tells progress though a watch waits for the future; later releases do not.
      if (watch.stream == stream && watch.expectation.waits_for(newest_)) return absl::OkStatus();
    }
    WatchRequest request;
    request.mutable_progress_request();
    WatchResponse progress;
    const absl::Time deadline = absl::Now() + kTellLimit;
    while (absl::Now() < deadline) {
      StreamAt(stream).Write(request.SerializeAsString());
      const std::optional<std::string> bytes = StreamAt(stream).Read(kProgressPause);
      if (!bytes) continue;
      if (!progress.ParseFromString(*bytes)) return absl::InternalError("no watch response");
      Route(stream, progress);
      if (progress.watch_id() != -1 || progress.created()) continue;
      outcome_.progress.push_back(Comparable(progress));
      return absl::OkStatus();
    }
    outcome_.faults.emplace_back("progress was asked for and never told");
    return absl::OkStatus();
  }

  // Waits until every watch has been told what it must have been told by now.
  absl::Status Settle() {
    if (absl::Status status = ReadHistory(); !status.ok()) return status;
    std::size_t index = 0;
    while (index < live_.size()) {
      LiveWatch& watch = live_[index];
      const std::size_t wanted = watch.expectation.Count(events_);
      if (!watch.expectation.doomed() && watch.told >= wanted && !watch.judge.in_pieces()) {
        ++index;
        continue;
      }
      const std::size_t before = live_.size();
      const std::optional<std::string> bytes = StreamAt(watch.stream).Read(kTellLimit);
      WatchResponse response;
      if (!bytes || !response.ParseFromString(*bytes)) {
        return absl::UnavailableError(
            absl::StrCat("watch ", watch.name, " was told ", watch.told, " events of ", wanted,
                         watch.expectation.doomed() ? " and not that its start is compacted" : ""));
      }
      Route(watch.stream, response);
      if (live_.size() != before) index = 0;
    }
    return absl::OkStatus();
  }

  absl::Status ReadHistory() {
    while (events_.empty() || events_.back().kv().mod_revision() < newest_) {
      if (newest_ == start_) break;
      WatchResponse response;
      const std::optional<std::string> bytes = history_->Read(kTellLimit);
      if (!bytes || !response.ParseFromString(*bytes)) {
        return absl::UnavailableError("the history is not told");
      }
      for (const mvccpb::Event& event : response.events()) events_.push_back(event);
    }
    return absl::OkStatus();
  }

  absl::Status ReadOne(int stream, WatchResponse* answer) {
    const std::optional<std::string> bytes = StreamAt(stream).Read(kTellLimit);
    if (bytes && answer->ParseFromString(*bytes)) return absl::OkStatus();
    return absl::UnavailableError("a watch request was not answered");
  }

  // Reads until `wanted` holds for an answer, and sorts everything else where it belongs.
  template <class Wanted>
  absl::Status ReadUntil(int stream, const Wanted& wanted, WatchResponse* answer) {
    while (true) {
      if (absl::Status read = ReadOne(stream, answer); !read.ok()) return read;
      const bool found = wanted(*answer);
      if (!found || !answer->created()) Route(stream, *answer);
      if (found) return absl::OkStatus();
    }
  }

  // Notes an answer at the watch it is about.
  void Route(int stream, const WatchResponse& response) {
    if (std::string fault = CheckNextHeader(header_, response.header()); !fault.empty()) {
      outcome_.faults.push_back(std::move(fault));
    }
    header_ = response.header();
    if (response.watch_id() == -1) return NoteProgress(stream, response);
    const auto found = std::find_if(live_.begin(), live_.end(), [&](const LiveWatch& watch) {
      return watch.stream == stream && watch.id == response.watch_id();
    });
    if (found == live_.end()) {
      outcome_.faults.push_back(absl::StrCat("an answer for no watch: ", Comparable(response)));
      return;
    }
    WatchOutcome& outcome = outcome_.watches[found->name];
    for (const mvccpb::Event& event : response.events()) {
      mvccpb::Event relative = event;
      MakeRevisionsRelative(&relative, start_);
      outcome.events.push_back(relative.SerializeAsString());
      ++found->told;
      ++outcome_.events;
    }
    for (const std::string& fault : found->judge.See(response)) {
      outcome_.faults.push_back(absl::StrCat("watch ", found->name, ": ", fault));
    }
    if (!response.canceled()) return;
    outcome.ends.push_back(Comparable(response));
    live_.erase(found);
  }

  void NoteProgress(int stream, const WatchResponse& response) {
    for (LiveWatch& watch : live_) {
      if (watch.stream == stream) watch.judge.SeeProgress(response.header().revision());
    }
  }

  std::string Comparable(const WatchResponse& response) const {
    WatchResponse relative = response;
    relative.mutable_header()->clear_cluster_id();
    relative.mutable_header()->clear_member_id();
    relative.mutable_header()->clear_raft_term();
    MakeRevisionsRelative(&relative, start_);
    return relative.SerializeAsString();
  }

  WireClient* const client_;
  const WatchBundle& bundle_;
  std::array<std::unique_ptr<WireCall>, kWatchStreams> streams_;
  std::unique_ptr<WireCall> history_;
  std::vector<mvccpb::Event> events_;  // all of them, as the watch of everything tells them
  std::vector<LiveWatch> live_;
  std::int64_t start_ = 0;
  std::int64_t newest_ = 0;
  std::int64_t compacted_ = 0;
  int next_probe_ = -1;                  // names of watches that the driver makes itself
  etcdserverpb::ResponseHeader header_;  // of the answer before
  WatchBundleOutcome outcome_;
};

}  // namespace

absl::StatusOr<WatchBundleOutcome> RunWatchBundle(WireClient* client, const WatchBundle& bundle) {
  return BundleRun(client, bundle).Run();
}

}  // namespace stele::conformance
