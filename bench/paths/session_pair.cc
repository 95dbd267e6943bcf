#include "bench/paths/session_pair.h"

#include <sys/socket.h>

#include <array>
#include <span>
#include <utility>

#include "src/raft/check.h"

namespace stele::paths {
namespace {

std::array<int, 2> MakeSockets() {
  std::array<int, 2> ends = {};
  STELE_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) ==
              0);
  return ends;
}

}  // namespace

SessionPair::SessionPair(const server::MethodTable& methods, server::HttpRoutes* routes,
                         std::function<void()> run_rooms)
    : run_rooms_(std::move(run_rooms)),
      state_{options_, methods, *routes, loop_},
      client_buffer_(std::make_unique<load::Connection::ReadBuffer>()) {
  const std::array<int, 2> ends = MakeSockets();
  // Answers of this thread go straight to the session, as those of the front's own thread do.
  loop_.mailbox()->BindThread();
  socket_ = std::make_unique<server::SocketStream>(ends[0]);
  session_ = std::make_unique<server::Http2Session>(this, &state_);
  client_ = std::make_unique<load::Connection>(load::UniqueFd(ends[1]), "pair");
  Exchange();
}

SessionPair::~SessionPair() {
  client_.reset();
  session_->Abandon();
  RunTasks();
  session_.reset();
}

void SessionPair::Exchange() {
  // The client waits for room when the sockets are full, so it may have more after the server.
  for (bool moved = true; moved;) {
    const bool waits = client_->Flush();
    moved = (counted_ ? CountedTurn() : ServerTurn()) || waits;
    client_->OnReadable(client_buffer_.get());
    STELE_CHECK(client_->usable());
  }
}

bool SessionPair::CountedTurn() {
  const bool moved = ServerTurn();
  ++counted_turns_;  // so that the call above is one, and not a jump that leaves this function
  return moved;
}

bool SessionPair::ServerTurn() {
  const bool read = ReadClient();
  run_rooms_();
  RunTasks();
  return WriteAnswers() || read;
}

bool SessionPair::ReadClient() {
  bool read = false;
  for (;;) {
    const server::ByteStream::Transfer transfer =
        socket_->Read(std::span<char>(loop_.scratch(), server::EventLoop::kScratchBytes));
    if (transfer.outcome != server::ByteStream::Outcome::kDone) return read;
    STELE_CHECK(session_->Receive({loop_.scratch(), transfer.bytes}));
    read = true;
  }
}

bool SessionPair::WriteAnswers() {
  bool wrote = false;
  for (;;) {
    STELE_CHECK(session_->Produce(&output_));
    if (output_.empty()) return wrote;
    const std::size_t before = output_.size();
    output_.WriteTo(socket_.get());
    if (output_.size() == before) return wrote;
    wrote = true;
  }
}

void SessionPair::RunTasks() {
  loop_.mailbox()->TakeAll(&tasks_);
  for (server::EventLoop::Task& task : tasks_) {
    task();
    task = nullptr;
  }
  tasks_.clear();
}

}  // namespace stele::paths
