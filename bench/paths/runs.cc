#include "bench/paths/runs.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "bench/load/grpc_frame.h"
#include "bench/load/message_reader.h"
#include "bench/load/watch_message.h"
#include "proto/rpc.pb.h"
#include "src/raft/check.h"

namespace stele::paths {

class UnaryClients::OneCall final : public load::Call {
 public:
  void OnData(std::string_view /*bytes*/) override {}
  void OnEnd(const load::CallEnd& end) override {
    STELE_CHECK(end.ok());
    under_way = false;
  }
  load::Request request;
  bool under_way = false;
};

UnaryClients::UnaryClients(SessionPair* pair, std::unique_ptr<load::Workload> workload, int clients)
    : pair_(pair), workload_(std::move(workload)) {
  for (int i = 0; i < clients; ++i) calls_.push_back(std::make_unique<OneCall>());
}

UnaryClients::~UnaryClients() = default;

void UnaryClients::Round() {
  for (const auto& call : calls_) {
    workload_->Prepare(&call->request);
    call->under_way = true;
    pair_->client().Start(call.get(), call->request.path, call->request.body);
  }
  pair_->Exchange();
  for (const auto& call : calls_) STELE_CHECK(!call->under_way);
}

class Watchers::Stream final : public load::Call {
 public:
  void OnData(std::string_view bytes) override {
    reader_.Feed(bytes, [this](std::string_view message) {
      const std::optional<load::WatchMessage> answer = load::ReadWatchMessage(message, nullptr);
      STELE_CHECK(answer.has_value() && !answer->canceled);
      events += answer->events;
      created += answer->created ? 1 : 0;
      return true;
    });
  }
  void OnEnd(const load::CallEnd& /*end*/) override {}
  std::uint64_t events = 0;
  int created = 0;

 private:
  load::MessageReader reader_;
};

Watchers::Watchers(SessionPair* pair, std::string_view key, int streams, int watchers)
    : pair_(pair) {
  etcdserverpb::WatchRequest request;
  request.mutable_create_request()->set_key(std::string(key));
  const std::string framed = load::FrameGrpcMessage(request.SerializeAsString());
  for (int i = 0; i < streams; ++i) {
    streams_.push_back(std::make_unique<Stream>());
    pair->client().Open(streams_.back().get(), "/etcdserverpb.Watch/Watch");
  }
  for (int i = 0; i < watchers; ++i) {
    pair->client().Send(streams_[static_cast<std::size_t>(i % streams)].get(), framed);
  }
  pair->Exchange();
  int created = 0;
  for (const auto& stream : streams_) created += stream->created;
  STELE_CHECK(created == watchers);
}

Watchers::~Watchers() {
  for (const auto& stream : streams_) pair_->client().Cancel(stream.get(), "over");
  pair_->Exchange();
}

std::uint64_t Watchers::events() const {
  std::uint64_t sum = 0;
  for (const auto& stream : streams_) sum += stream->events;
  return sum;
}

ScratchDir::ScratchDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "stele-paths-XXXXXX").string();
  STELE_CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

ScratchDir::~ScratchDir() { std::filesystem::remove_all(path_); }

}  // namespace stele::paths
