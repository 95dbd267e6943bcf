#include "src/client/cli/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <utility>

namespace stele::cli {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

void Interrupt::Block() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Interrupt::Interrupt(std::function<void(int)> on_interrupt) {
  const sigset_t signals = Signals();
  signals_ = signalfd(-1, &signals, SFD_CLOEXEC);
  stop_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this, call = std::move(on_interrupt)] { Run(call); });
}

Interrupt::~Interrupt() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_, &one, sizeof(one));
  thread_.join();
  close(signals_);
  close(stop_);
}

void Interrupt::Run(const std::function<void(int)>& on_interrupt) {
  while (true) {
    std::array<pollfd, 2> waiting = {{{signals_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
    if ((waiting[1].revents & POLLIN) != 0) return;
    if ((waiting[0].revents & POLLIN) == 0) continue;
    signalfd_siginfo info = {};
    if (read(signals_, &info, sizeof(info)) != sizeof(info)) continue;
    const int signal = static_cast<int>(info.ssi_signo);
    constexpr int kShellSignalBase = 128;
    // Whoever asks twice means it: what is held goes when its lease does.
    if (raised_.exchange(true)) _exit(kShellSignalBase + signal);
    on_interrupt(signal);
  }
}

}  // namespace stele::cli
