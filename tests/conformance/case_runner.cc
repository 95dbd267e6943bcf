#include "tests/conformance/case_runner.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/conformance/answer_check.h"
#include "tests/conformance/case_surroundings.h"
#include "tests/conformance/expansion.h"
#include "tests/conformance/header_check.h"
#include "tests/conformance/http_steps.h"
#include "tests/conformance/message_match.h"
#include "tests/conformance/method_table.h"
#include "tests/conformance/wire_client.h"

namespace stele::conformance {
namespace {

using google::protobuf::MethodDescriptor;
using Action = Step::Action;
using Kind = Expectation::Kind;
using Lines = std::vector<std::string>;

constexpr absl::Duration kCallLimit = absl::Seconds(30);
constexpr absl::Duration kStreamLimit = absl::Seconds(120);
constexpr absl::Duration kMessageLimit = absl::Seconds(15);
constexpr absl::Duration kQuietTime = absl::Milliseconds(150);
constexpr absl::Duration kAwaitLimit = absl::Seconds(30);
constexpr absl::Duration kAwaitPause = absl::Milliseconds(20);
constexpr absl::Duration kServingLimit = absl::Seconds(30);

class CaseRunner {
 public:
  CaseRunner(const Case& test, std::vector<std::string> addresses, ServerGroup* group,
             const std::string& prefix)
      : test_(test), addresses_(std::move(addresses)), group_(group) {
    bindings_.prefix = prefix;
    for (int i = 1; group_ != nullptr && i <= group_->size(); ++i) {
      bindings_.values[absl::StrCat("peer", i)] = group_->peer_url(i);
      bindings_.values[absl::StrCat("client", i)] = absl::StrCat("http://", group_->address(i));
    }
  }

  CaseResult Run() {
    const absl::StatusOr<Surroundings> before = LookAround(&ClientOf(1));
    if (!before.ok()) {
      Fail(test_.line, {absl::StrCat("cannot begin: ", before.status().ToString())});
      return std::move(result_);
    }
    bindings_.base = before->revision;
    for (const Step& step : test_.steps) {
      Lines differences = RunStep(step);
      if (differences.empty()) continue;
      Fail(step.line, std::move(differences));
      break;
    }
    streams_.clear();
    if (test_.unchanged && result_.problems.empty()) CheckUnchanged(*before);
    if (group_ == nullptr) CleanUp(&ClientOf(1), *before, bindings_.prefix);
    return std::move(result_);
  }

 private:
  struct Stream {
    const MethodDescriptor* method = nullptr;
    std::unique_ptr<WireCall> call;
    int member = 1;
  };

  void Fail(int line, Lines lines) {
    result_.problems.push_back(absl::StrCat(test_.file, ":", line, ": ", test_.name));
    std::move(lines.begin(), lines.end(), std::back_inserter(result_.problems));
  }

  void CheckUnchanged(const Surroundings& before) {
    const absl::StatusOr<Surroundings> after = LookAround(&ClientOf(1));
    if (!after.ok() || *after != before) {
      Fail(test_.line, {"the store or its leases are not as they were before"});
    }
  }

  WireClient& ClientOf(int member) {
    std::unique_ptr<WireClient>& client = clients_[member];
    if (client == nullptr) {
      client = std::make_unique<WireClient>(AddressOf(member));
    }
    return *client;
  }

  std::string AddressOf(int member) const {
    return group_ != nullptr ? group_->address(member)
                             : addresses_[static_cast<std::size_t>(member - 1)];
  }

  Lines RunStep(const Step& step) {
    if (!step.method.empty() && step.action != Action::kHttp) return RunMethodStep(step);
    switch (step.action) {
      case Action::kHttp:
      case Action::kBytes:
      case Action::kFrames:
        return RunHttpStep(step, AddressOf(step.member), bindings_, &result_);
      case Action::kSleep:
      case Action::kTimer:
      case Action::kElapsed:
        return RunClockStep(step);
      case Action::kMetadata:
        return RunMetadata(step);
      case Action::kCheck:
        return RunComparison(step);
      case Action::kKill:
      case Action::kStart:
      case Action::kRestart:
      case Action::kPause:
      case Action::kResume:
        return RunServerStep(step);
      default:
        return RunStreamStep(step);
    }
  }

  Lines RunMethodStep(const Step& step) {
    const MethodDescriptor* method = FindMethod(step.method);
    if (method == nullptr) return {absl::StrCat("there is no method ", step.method)};
    switch (step.action) {
      case Action::kAwait:
        return RunAwait(step, *method);
      case Action::kRetry:
        return RunRetry(step, *method);
      case Action::kDo:
        return RunCallWhatever(step, *method);
      case Action::kBurst:
        return RunBurst(step, *method);
      case Action::kTimes:
        return RunTimes(step, *method);
      case Action::kOpen:
        return RunOpen(step, *method);
      default:
        return RunCall(step, *method);
    }
  }

  absl::StatusOr<Answer> Call(const Step& step, const MethodDescriptor& method) {
    const auto request = NewMessage(method.input_type());
    const absl::Status parsed = ParseRequest(step.text, bindings_, request.get());
    if (!parsed.ok()) return parsed;
    ++result_.calls;
    Answer answer = ClientOf(step.member)
                        .Call(PathOf(method), request->SerializeAsString(), metadata_, kCallLimit);
    for (const std::string& message : answer.messages) {
      const std::string fault = headers_.Check(method, message, step.member);
      if (!fault.empty()) return absl::InternalError(fault);
    }
    return answer;
  }

  Lines RunCall(const Step& step, const MethodDescriptor& method) {
    return Judge(step, method, Call(step, method));
  }

  Lines Judge(const Step& step, const MethodDescriptor& method,
              const absl::StatusOr<Answer>& answer) {
    if (!answer.ok()) return {std::string(answer.status().message())};
    if (!step.expected.empty() && step.expected[0].kind == Kind::kRecord) {
      result_.recordings[step.expected[0].line] = DescribeAnswer(method, *answer, bindings_);
    }
    return CheckAnswer(method, *answer, step.expected, &bindings_);
  }

  Lines RunAwait(const Step& step, const MethodDescriptor& method) {
    const absl::Time deadline = absl::Now() + kAwaitLimit;
    const Bindings at_first = bindings_;
    while (true) {
      Lines differences = RunCall(step, method);
      if (differences.empty() || absl::Now() > deadline) return differences;
      bindings_ = at_first;
      absl::SleepFor(kAwaitPause);
    }
  }

  // Repeats nothing but refusals for the moment: the first real answer counts.
  Lines RunRetry(const Step& step, const MethodDescriptor& method) {
    const absl::Time deadline = absl::Now() + kAwaitLimit;
    absl::StatusOr<Answer> answer = Call(step, method);
    while (answer.ok() && CodeName(answer->end.code) == "Unavailable" && absl::Now() < deadline) {
      absl::SleepFor(kAwaitPause);
      answer = Call(step, method);
    }
    return Judge(step, method, answer);
  }

  Lines RunCallWhatever(const Step& step, const MethodDescriptor& method) {
    const absl::StatusOr<Answer> answer = Call(step, method);
    return answer.ok() ? Lines{} : Lines{std::string(answer.status().message())};
  }

  Lines RunBurst(const Step& step, const MethodDescriptor& method) {
    std::vector<Stream> calls(static_cast<std::size_t>(step.count));
    for (Stream& stream : calls) {
      stream.method = &method;
      stream.call = ClientOf(step.member).Open(PathOf(method), metadata_, kStreamLimit);
      Lines differences = Send(step, stream);
      if (!differences.empty()) return differences;
    }
    for (Stream& stream : calls) {
      const std::optional<CallEnd> end = stream.call->WaitForEnd(kStreamLimit);
      if (!end) return {"a call did not end"};
      const bool expected =
          std::any_of(step.expected.begin(), step.expected.end(),
                      [&end](const Expectation& error) { return CheckEnd(*end, &error).empty(); });
      if (end->code != 0 && !expected) return CheckEnd(*end, nullptr);
    }
    return {};
  }

  Lines RunTimes(const Step& step, const MethodDescriptor& method) {
    Step once = step;
    for (int i = 0; i < step.count; ++i) {
      once.text = absl::StrReplaceAll(step.text, {{"#", absl::StrCat(i)}});
      Lines differences = RunCall(once, method);
      if (!differences.empty()) return differences;
    }
    return {};
  }

  Lines RunOpen(const Step& step, const MethodDescriptor& method) {
    Stream stream{.method = &method, .call = nullptr, .member = step.member};
    stream.call = ClientOf(step.member).Open(PathOf(method), metadata_, kStreamLimit);
    Lines differences;
    if (!step.text.empty() || !method.client_streaming()) differences = Send(step, stream);
    streams_[step.stream] = std::move(stream);
    return differences;
  }

  Lines Send(const Step& step, const Stream& stream) {
    const auto request = NewMessage(stream.method->input_type());
    const absl::Status parsed = ParseRequest(step.text, bindings_, request.get());
    if (!parsed.ok()) return {std::string(parsed.message())};
    ++result_.calls;
    if (stream.method->client_streaming()) {
      stream.call->Write(request->SerializeAsString());
    } else {
      stream.call->WriteLast(request->SerializeAsString());
    }
    return {};
  }

  Lines RunStreamStep(const Step& step) {
    const auto found = streams_.find(step.stream);
    if (found == streams_.end()) return {absl::StrCat("no stream ", step.stream, " is open")};
    const Stream& stream = found->second;
    switch (step.action) {
      case Action::kSend:
        return Send(step, stream);
      case Action::kReceive:
      case Action::kGather:
        return Receive(step, stream);
      case Action::kQuiet:
        return ExpectQuiet(stream);
      case Action::kHalfClose:
        stream.call->HalfClose();
        return {};
      case Action::kCancel:
        stream.call->Cancel();
        return {};
      default:
        return ExpectEnd(step, stream);
    }
  }

  // The next message of the stream, or what to say about its absence.
  std::unique_ptr<google::protobuf::Message> Next(const Stream& stream, absl::Duration limit,
                                                  std::string* fault) {
    const std::optional<std::string> bytes = stream.call->Read(limit);
    if (!bytes) {
      const std::optional<CallEnd> end = stream.call->WaitForEnd(absl::ZeroDuration());
      *fault = end ? absl::StrCat("the stream ended: ", CodeName(end->code), " ", end->text)
                   : "no message came";
      return nullptr;
    }
    auto message = NewMessage(stream.method->output_type());
    if (!message->ParseFromString(*bytes)) {
      *fault = absl::StrCat("this is no ", message->GetTypeName());
      return nullptr;
    }
    *fault = headers_.Check(*stream.method, *bytes, stream.member);
    return fault->empty() ? std::move(message) : nullptr;
  }

  Lines Receive(const Step& step, const Stream& stream) {
    const Expectation& expected = step.expected[0];
    std::string fault;
    auto message = Next(stream, kMessageLimit, &fault);
    if (message == nullptr) return {fault, absl::StrCat("  expected: < ", expected.text)};
    if (expected.kind == Kind::kRecord) {
      result_.recordings[expected.line] = {
          absl::StrCat(step.stream, "< ", DescribeMessage(*message, bindings_))};
      return {};
    }
    const Bindings at_first = bindings_;
    Lines differences = CheckMessage(*message, expected, &bindings_);
    while (!differences.empty() && step.action == Action::kGather) {
      const auto more = Next(stream, kMessageLimit, &fault);
      if (more == nullptr) break;
      message->MergeFrom(*more);
      bindings_ = at_first;
      differences = CheckMessage(*message, expected, &bindings_);
    }
    if (!differences.empty()) {
      differences.push_back(absl::StrCat("  expected: < ", expected.text));
      differences.push_back(absl::StrCat("  actual:   < ", DescribeMessage(*message, bindings_)));
    }
    return differences;
  }

  Lines ExpectQuiet(const Stream& stream) {
    std::string fault;
    const auto message = Next(stream, kQuietTime, &fault);
    if (message == nullptr) {
      return stream.call->WaitForEnd(absl::ZeroDuration()) ? Lines{fault} : Lines{};
    }
    return {absl::StrCat("expected silence, got < ", DescribeMessage(*message, bindings_))};
  }

  Lines ExpectEnd(const Step& step, const Stream& stream) {
    const std::optional<CallEnd> end = stream.call->WaitForEnd(kMessageLimit);
    if (!end) return {"the stream did not end"};
    return CheckEnd(*end, step.expected.empty() ? nullptr : &step.expected[0]);
  }

  Lines RunClockStep(const Step& step) {
    if (step.action == Action::kTimer) {
      timer_ = absl::Now();
      return {};
    }
    absl::Duration duration;
    if (!absl::ParseDuration(step.text, &duration)) return {"this is no duration"};
    if (step.action == Action::kSleep) {
      absl::SleepFor(duration);
      return {};
    }
    const absl::Duration elapsed = absl::Now() - timer_;
    if (elapsed >= duration) return {};
    return {absl::StrCat("only ", absl::FormatDuration(elapsed), " after the timer was set")};
  }

  // metadata NAME VALUE: for all calls from here on; NAME alone takes it back.
  Lines RunMetadata(const Step& step) {
    const absl::StatusOr<std::string> text = ExpandRequest(step.text, bindings_);
    if (!text.ok()) return {std::string(text.status().message())};
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(*text, absl::MaxSplits(' ', 1));
    std::erase_if(metadata_, [&parts](const auto& entry) { return entry.first == parts.first; });
    if (!parts.second.empty()) metadata_.push_back(parts);
    return {};
  }

  // check A < B
  Lines RunComparison(const Step& step) {
    const absl::StatusOr<std::string> text = ExpandRequest(step.text, bindings_);
    return text.ok() ? CheckComparison(*text) : Lines{std::string(text.status().message())};
  }

  Lines RunServerStep(const Step& step) {
    if (group_ == nullptr) return {"this step needs a server of its own"};
    if (step.action == Action::kPause) return group_->Pause(step.member), Lines{};
    if (step.action == Action::kResume) return group_->Resume(step.member), Lines{};
    std::erase_if(streams_, [&step](const auto& stream) {
      return stream.second.member == step.member && step.action != Action::kKill;
    });
    if (step.action != Action::kStart) group_->Kill(step.member);
    if (step.action == Action::kKill) return {};
    clients_.erase(step.member);
    group_->StartAgain(step.member);
    if (step.action == Action::kStart) return {};
    const absl::Status serving = group_->WaitUntilServing(step.member, kServingLimit);
    return serving.ok() ? Lines{} : Lines{serving.ToString()};
  }

  const Case& test_;
  const std::vector<std::string> addresses_;
  ServerGroup* const group_;
  Bindings bindings_;
  Metadata metadata_;
  HeaderCheck headers_;
  std::map<int, std::unique_ptr<WireClient>> clients_;
  std::map<std::string, Stream> streams_;
  absl::Time timer_ = absl::Now();
  CaseResult result_;
};

}  // namespace

CaseResult RunCase(const Case& test, const std::vector<std::string>& addresses, ServerGroup* group,
                   const std::string& prefix) {
  return CaseRunner(test, addresses, group, prefix).Run();
}

}  // namespace stele::conformance
